/**
 * The numbers behind `estimateCost`. Rough on purpose: they rank work for a fair queue and keep a
 * job off a GPU that is too small; they promise nothing. VRAM of the workshop's models is the upper
 * end of what the owner sees in use; times are for an H100 with the models loaded, set so that the
 * templates come out near what people wait for. Other families are rules of thumb.
 */

export interface ModelFamily {
  /** Matched against a model's file name; the first line of the table that matches counts. */
  readonly pattern: RegExp;
  /** GPU memory in use while it runs. */
  readonly vramMiB: number;
  /** Seconds of one evaluation of the model on one million pixels of one latent frame. */
  readonly secondsPerMegapixel: number;
}

export const MODEL_FAMILIES: readonly ModelFamily[] = [
  { pattern: /ltx-2.*distilled/i, vramMiB: 52_452, secondsPerMegapixel: 0.5 },
  { pattern: /ltx-2/i, vramMiB: 57_220, secondsPerMegapixel: 0.5 },
  { pattern: /flux-2-klein.*9b/i, vramMiB: 23_841, secondsPerMegapixel: 0.4 },
  { pattern: /flux-2-klein.*4b/i, vramMiB: 14_305, secondsPerMegapixel: 0.2 },
  { pattern: /flux-?2/i, vramMiB: 60_000, secondsPerMegapixel: 1 },
  { pattern: /flux/i, vramMiB: 24_000, secondsPerMegapixel: 0.4 },
  { pattern: /wan|hunyuan/i, vramMiB: 48_000, secondsPerMegapixel: 1 },
  { pattern: /qwen.image/i, vramMiB: 48_000, secondsPerMegapixel: 0.6 },
  { pattern: /xl/i, vramMiB: 10_000, secondsPerMegapixel: 0.08 },
  { pattern: /v1-5|sd15|sd1\.5/i, vramMiB: 5_000, secondsPerMegapixel: 0.05 },
];

/** Inputs that name a diffusion model; every other file stays beside it and is in its number. */
export const MODEL_INPUTS = ["ckpt_name", "unet_name"];

/** A diffusion model that the table does not know. */
export const UNKNOWN_MODEL: Omit<ModelFamily, "pattern"> = {
  vramMiB: 16_000,
  secondsPerMegapixel: 0.3,
};

/** A graph that loads only small models: an upscaler, a VAE, a segmenter. */
export const SMALL_MODEL: Omit<ModelFamily, "pattern"> = {
  vramMiB: 4_000,
  secondsPerMegapixel: 0.3,
};

/** Files with these endings hold model weights. */
const MODEL_FILE = /\.(?:safetensors|sft|ckpt|pt|pth|gguf|bin)$/i;

/** Whether a file's name says that it holds model weights. */
export const isModelFile = (name: string): boolean => MODEL_FILE.test(name);

/** Nodes that run a diffusion model for a number of steps. */
export const SAMPLERS: ReadonlySet<string> = new Set([
  "KSampler",
  "KSamplerAdvanced",
  "SamplerCustom",
  "SamplerCustomAdvanced",
]);

/** Seconds for each million pixels of all frames; nodes that are not named cost the last line. */
export const SECONDS_PER_MEGAPIXEL: Readonly<Record<string, number>> = {
  VAEDecode: 0.05,
  VAEDecodeTiled: 0.06,
  VAEEncode: 0.04,
  ImageUpscaleWithModel: 0.5,
  SaveVideo: 0.02,
  SaveImage: 0.1,
};
export const SECONDS_OF_ANY_NODE = 0.01;

/** Nodes that double width and height of what they get. */
export const DOUBLERS: ReadonlySet<string> = new Set(["LTXVLatentUpsampler"]);

/** Pictures that one latent frame of a video model holds. */
export const FRAMES_PER_LATENT = 8;

/** Where a graph does not say: ComfyUI's usual picture, and a usual number of steps. */
export const DEFAULT_SIDE = 1024;
export const DEFAULT_STEPS = 20;

/** Bounds of the answer: no job is free, and none may starve its owner for ever. */
export const LEAST_SECONDS = 0.1;
export const MOST_SECONDS = 3600;
