/** Nodes that load models and make what a sampler takes. Their outputs are tokens. */
import { modelMiB, textEncodeSeconds } from "../execution/timing.ts";
import { gives } from "./node.ts";
import type { NodeContext, NodeRuns } from "./node.ts";
import type { NodeInputs } from "./node-inputs.ts";
import type { ConditioningToken, LatentToken, ModelToken } from "./values.ts";
import {
  audioLatentToken,
  conditioningToken,
  guiderToken,
  latentToken,
  modelToken,
  pairedLatentToken,
} from "./values.ts";

const model = (file: string): ModelToken => ({ kind: "model", file, mib: modelMiB(file) });
const conditioning = (text: string): ConditioningToken => ({ kind: "conditioning", text });

/** ComfyUI loads lazily: reading the file takes time, VRAM is charged when the model is used. */
const loadsModel =
  (input: string, slots = 1) =>
  (inputs: NodeInputs) => {
    const token = model(inputs.text(input));
    return gives(...Array.from({ length: slots }, () => token));
  };

async function encodeText(inputs: NodeInputs, { gpu }: NodeContext, text: string) {
  const clip = inputs.token("clip", modelToken);
  await gpu.load(clip.file, clip.mib);
  await gpu.work(textEncodeSeconds);
  return { outputs: [conditioning(text)] };
}

const latent = (
  width: number,
  height: number,
  frames: number,
  batch: number,
): LatentToken & { kind: "latent" } => ({ kind: "latent", width, height, frames, batch });

const emptyPicture = (inputs: NodeInputs) =>
  gives(latent(inputs.integer("width"), inputs.integer("height"), 1, inputs.integer("batch_size")));

const passes = (input: string) => (inputs: NodeInputs) => gives(inputs.values[input]);

const sigmas = (steps: number) => gives({ kind: "sigmas", steps: Math.max(0, Math.trunc(steps)) });

export const modelNodes: NodeRuns = {
  CheckpointLoaderSimple: loadsModel("ckpt_name", 3),
  UNETLoader: loadsModel("unet_name"),
  CLIPLoader: loadsModel("clip_name"),
  DualCLIPLoader: loadsModel("clip_name1"),
  VAELoader: loadsModel("vae_name"),
  LTXAVTextEncoderLoader: loadsModel("text_encoder"),
  LTXVAudioVAELoader: loadsModel("ckpt_name"),
  LatentUpscaleModelLoader: loadsModel("model_name"),
  LoraLoader: (inputs) => gives(inputs.values["model"], inputs.values["clip"]),
  // The model with its LoRA needs both files' room.
  LoraLoaderModelOnly: (inputs) => {
    const base = inputs.token("model", modelToken);
    const lora = inputs.text("lora_name");
    return gives({ ...base, file: `${base.file} + ${lora}`, mib: base.mib + modelMiB(lora) });
  },

  CLIPTextEncode: (inputs, context) => encodeText(inputs, context, inputs.text("text")),
  CLIPTextEncodeFlux: (inputs, context) => encodeText(inputs, context, inputs.text("t5xxl")),
  ConditioningZeroOut: () => gives(conditioning("")),
  FluxGuidance: passes("conditioning"),
  ReferenceLatent: passes("conditioning"),
  LTXVConditioning: (inputs) => gives(inputs.values["positive"], inputs.values["negative"]),
  LTXVCropGuides: (inputs) =>
    gives(inputs.values["positive"], inputs.values["negative"], inputs.values["latent"]),

  EmptyLatentImage: emptyPicture,
  EmptySD3LatentImage: emptyPicture,
  EmptyFlux2LatentImage: emptyPicture,
  EmptyLTXVLatentVideo: (inputs) =>
    gives(
      latent(
        inputs.integer("width"),
        inputs.integer("height"),
        inputs.integer("length"),
        inputs.integer("batch_size"),
      ),
    ),
  LTXVImgToVideoInplace: passes("latent"),
  LTXVEmptyLatentAudio: (inputs) =>
    gives({
      kind: "audio-latent",
      seconds: inputs.integer("frames_number") / Math.max(1, inputs.number("frame_rate")),
    }),
  LTXVConcatAVLatent: (inputs) =>
    gives({
      kind: "paired-latent",
      video: inputs.token("video_latent", latentToken),
      audio: inputs.token("audio_latent", audioLatentToken),
    }),
  LTXVSeparateAVLatent: (inputs) => {
    const { video, audio } = inputs.token("av_latent", pairedLatentToken);
    return gives(video, audio);
  },
  LatentUpscale: (inputs) =>
    gives({
      ...inputs.token("samples", latentToken),
      width: inputs.integer("width"),
      height: inputs.integer("height"),
    }),
  LatentUpscaleBy: (inputs) => {
    const samples = inputs.token("samples", latentToken);
    const factor = inputs.number("scale_by");
    return gives({
      ...samples,
      width: Math.round(samples.width * factor),
      height: Math.round(samples.height * factor),
    });
  },

  KSamplerSelect: (inputs) => gives({ kind: "sampler", name: inputs.text("sampler_name") }),
  RandomNoise: (inputs) => gives({ kind: "noise", seed: inputs.number("noise_seed") }),
  DisableNoise: () => gives({ kind: "noise", seed: 0 }),
  ManualSigmas: (inputs) =>
    sigmas((inputs.text("sigmas").match(/-?\d+(\.\d+)?(e-?\d+)?/gi)?.length ?? 1) - 1),
  Flux2Scheduler: (inputs) => sigmas(inputs.integer("steps")),
  LTXVScheduler: (inputs) => sigmas(inputs.integer("steps")),
  BasicScheduler: (inputs) => sigmas(inputs.integer("steps") * inputs.number("denoise")),
  CFGGuider: (inputs) =>
    gives(
      guiderToken.parse({
        kind: "guider",
        model: inputs.token("model", modelToken),
        positive: inputs.token("positive", conditioningToken),
        cfg: inputs.number("cfg"),
      }),
    ),
  BasicGuider: (inputs) =>
    gives(
      guiderToken.parse({
        kind: "guider",
        model: inputs.token("model", modelToken),
        positive: inputs.token("conditioning", conditioningToken),
        cfg: 1,
      }),
    ),
  ModelSamplingFlux: passes("model"),
};
