/** The GPU's work: sampling, decoding, upscaling. Takes simulated time and gives labelled pictures. */
import { decodeSeconds, familyOf, loadSeconds, stepSeconds } from "../execution/timing.ts";
import { labelledPicture, previewJpeg } from "./labelled-picture.ts";
import type { Label } from "./labelled-picture.ts";
import { gives } from "./node.ts";
import type { NodeContext, NodeRuns } from "./node.ts";
import type { NodeInputs } from "./node-inputs.ts";
import type { ImageBatch, LatentToken, ModelToken } from "./values.ts";
import {
  audioLatentToken,
  conditioningToken,
  guiderToken,
  latentToken,
  modelToken,
  noiseToken,
  pairedLatentToken,
  samplerToken,
  sigmasToken,
} from "./values.ts";

const megapixels = (latent: LatentToken): number =>
  (latent.width * latent.height * latent.frames * latent.batch) / 1_000_000;

interface Sampling {
  readonly model: ModelToken;
  readonly text: string;
  readonly seed: number;
  readonly steps: number;
  readonly cfg: number;
}

/** Takes the time of all steps, telling each, and gives the latent the label of what was asked. */
async function sample(
  latent: LatentToken,
  { model, text, seed, steps, cfg }: Sampling,
  context: NodeContext,
): Promise<LatentToken> {
  const { gpu, nodeId } = context;
  const family = familyOf(model.file);
  const label = labelOf({ ...latent, seed, text, sampledBy: nodeId }, 0);
  await gpu.load(model.file, model.mib);
  const working = Math.ceil(family.workingMiBPerMegapixel * megapixels(latent));
  await gpu.withWorkingMemory(model.file, working, async () => {
    for (let step = 1; step <= steps; step += 1) {
      await gpu.work(stepSeconds(family, megapixels(latent), cfg));
      context.progress(step, steps, await previewJpeg(label, step / steps));
    }
  });
  return { ...latent, seed, text, sampledBy: nodeId };
}

function labelOf(latent: LatentToken, index: number): Label {
  const { width, height, frames, batch, seed = 0, text = "", sampledBy = "none" } = latent;
  const count = frames * batch;
  return {
    width,
    height,
    node: sampledBy,
    seed,
    text,
    frame: count > 1 ? `frame ${index + 1} of ${count}` : "",
    position: count > 1 ? (index + 1) / count : 0,
  };
}

async function decode(inputs: NodeInputs, { gpu }: NodeContext) {
  const latent = inputs.token("samples", latentToken);
  const vae = inputs.token("vae", modelToken);
  await gpu.load(vae.file, vae.mib);
  await gpu.work(decodeSeconds(megapixels(latent)));
  const image: ImageBatch = {
    kind: "image",
    width: latent.width,
    height: latent.height,
    count: latent.frames * latent.batch,
    frame: (index) => labelledPicture(labelOf(latent, index)),
  };
  return { outputs: [image] };
}

/** KSampler and KSamplerAdvanced differ in the name of the seed and in which steps they run. */
async function kSampler(inputs: NodeInputs, context: NodeContext, seed: number, steps: number) {
  const sampled = await sample(
    inputs.token("latent_image", latentToken),
    {
      model: inputs.token("model", modelToken),
      text: inputs.token("positive", conditioningToken).text,
      seed,
      steps,
      cfg: inputs.number("cfg"),
    },
    context,
  );
  return { outputs: [sampled] };
}

export const samplingNodes: NodeRuns = {
  KSampler: (inputs, context) =>
    kSampler(inputs, context, inputs.number("seed"), inputs.integer("steps")),

  KSamplerAdvanced: (inputs, context) => {
    const steps = inputs.integer("steps");
    const last = Math.min(steps, inputs.integer("end_at_step"));
    const run = Math.max(0, last - inputs.integer("start_at_step"));
    return kSampler(inputs, context, inputs.number("noise_seed"), run);
  },

  SamplerCustomAdvanced: async (inputs, context) => {
    const guider = inputs.token("guider", guiderToken);
    const latent = inputs.token("latent_image", pairedLatentToken.or(latentToken));
    inputs.token("sampler", samplerToken);
    const sampling = {
      model: guider.model,
      text: guider.positive.text,
      cfg: guider.cfg,
      seed: inputs.token("noise", noiseToken).seed,
      steps: inputs.token("sigmas", sigmasToken).steps,
    };
    const sampled =
      latent.kind === "latent"
        ? await sample(latent, sampling, context)
        : { ...latent, video: await sample(latent.video, sampling, context) };
    return { outputs: [sampled, sampled] };
  },

  VAEDecode: decode,
  VAEDecodeTiled: decode,

  VAEEncode: async (inputs, { gpu }) => {
    const image = inputs.image("pixels");
    const vae = inputs.token("vae", modelToken);
    await gpu.load(vae.file, vae.mib);
    const { width, height, count } = image;
    await gpu.work(decodeSeconds((width * height * count) / 1_000_000));
    return { outputs: [{ kind: "latent", width, height, frames: 1, batch: count }] };
  },

  LTXVLatentUpsampler: async (inputs, { gpu }) => {
    const latent = inputs.token("samples", latentToken);
    const upscaler = inputs.token("upscale_model", modelToken);
    await gpu.load(upscaler.file, upscaler.mib);
    await gpu.work(decodeSeconds(megapixels(latent)));
    return { outputs: [{ ...latent, width: latent.width * 2, height: latent.height * 2 }] };
  },

  LTXVAudioVAEDecode: async (inputs, { gpu }) => {
    await gpu.work(loadSeconds(100));
    const { seconds } = inputs.token("samples", audioLatentToken);
    return { outputs: [{ kind: "audio", seconds }] };
  },

  CreateVideo: (inputs) =>
    gives({
      kind: "video",
      images: inputs.image("images"),
      framesPerSecond: inputs.number("fps"),
    }),
};
