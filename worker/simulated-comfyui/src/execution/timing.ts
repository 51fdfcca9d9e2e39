/**
 * The timing and memory model: how long simulated GPU work takes, and what VRAM it holds.
 *
 * These are stated figures for the shape of a workshop (a picture takes seconds, a video minutes),
 * not measurements of a GPU. Seconds are those of the simulated H100; the SPEED setting says how
 * many of them pass in one real second.
 */

/** One family of models. */
export interface ModelFamily {
  readonly name: string;
  /** Found in the model's file name. */
  readonly pattern: RegExp;
  /** Seconds that one sampling step takes for each million pixels, all frames counted. */
  readonly secondsPerStepPerMegapixel: number;
  /** Working memory while sampling, MiB for each million pixels, all frames counted. */
  readonly workingMiBPerMegapixel: number;
}

/** LTX-2 packs 8 frames into one latent frame: its cost for each pixel of video is small. */
const FAMILIES: readonly ModelFamily[] = [
  { name: "ltx-2", pattern: /ltx/i, secondsPerStepPerMegapixel: 0.06, workingMiBPerMegapixel: 90 },
  {
    name: "flux-2-klein-9b",
    pattern: /klein.*9b/i,
    secondsPerStepPerMegapixel: 0.5,
    workingMiBPerMegapixel: 2200,
  },
  {
    name: "flux-2-klein-4b",
    pattern: /klein.*4b/i,
    secondsPerStepPerMegapixel: 0.25,
    workingMiBPerMegapixel: 1600,
  },
];

const OTHER_FAMILY: ModelFamily = {
  name: "other",
  pattern: /./,
  secondsPerStepPerMegapixel: 0.2,
  workingMiBPerMegapixel: 1500,
};

/** The family that a model file's name tells. */
export const familyOf = (file: string): ModelFamily =>
  FAMILIES.find((family) => family.pattern.test(file)) ?? OTHER_FAMILY;

/** Sizes of the templates' model files, MiB, rounded; by a part of the name, the first match counts. */
const MODEL_SIZES: readonly (readonly [RegExp, number])[] = [
  [/ltx-2-19b-dev-fp8/, 25_800],
  [/ltx-2-19b-distilled-lora/, 7_300],
  [/ltx-2-19b/, 41_300],
  [/ltx-2-spatial-upscaler/, 950],
  [/gemma_3_12B/i, 9_000],
  [/klein.*9b/, 9_000],
  [/klein.*4b/, 7_400],
  [/qwen_3_8b/, 8_300],
  [/qwen_3_4b/, 7_700],
  [/flux2-vae/, 320],
];

/** VRAM that a model file holds once loaded, MiB. 2000 for a file the table does not know. */
export const modelMiB = (file: string): number =>
  MODEL_SIZES.find(([pattern]) => pattern.test(file))?.[1] ?? 2_000;

/** Reading from disk to VRAM: a local NVMe disk's two gigabytes a second. */
export const loadSeconds = (mib: number): number => mib / 2_000;

/**
 * Seconds of one sampling step. Guidance (`cfg` above 1) runs the model twice. Ten milliseconds is
 * the least: starting the kernels takes it.
 */
export const stepSeconds = (family: ModelFamily, megapixels: number, cfg: number): number =>
  Math.max(0.01, family.secondsPerStepPerMegapixel * megapixels * (cfg > 1 ? 2 : 1));

/** Seconds to decode a latent; all frames counted. */
export const decodeSeconds = (megapixels: number): number => 0.05 + 0.02 * megapixels;

/** Seconds to encode a prompt's text. */
export const textEncodeSeconds = 0.15;
