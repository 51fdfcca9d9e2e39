/**
 * What flows along the links. Pictures are real pixels; models, text and latents are tokens that
 * carry just what a later node needs to draw its labelled picture and to take its time.
 */
import { z } from "zod";

/** A batch of RGB pictures of one size. A frame is computed when it is asked for, not before. */
export interface ImageBatch {
  readonly kind: "image";
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** Raw RGB bytes, `width * height * 3`. */
  frame(index: number): Promise<Buffer>;
}

/** A mask of one channel: 255 where something is masked out. */
export interface Mask {
  readonly kind: "mask";
  readonly width: number;
  readonly height: number;
  /** Raw bytes, `width * height`. */
  readonly bytes: Buffer;
}

export const modelToken = z.object({ kind: z.literal("model"), file: z.string(), mib: z.number() });
export const conditioningToken = z.object({ kind: z.literal("conditioning"), text: z.string() });
export const noiseToken = z.object({ kind: z.literal("noise"), seed: z.number() });
export const sigmasToken = z.object({ kind: z.literal("sigmas"), steps: z.number() });
export const samplerToken = z.object({ kind: z.literal("sampler"), name: z.string() });
export const guiderToken = z.object({
  kind: z.literal("guider"),
  model: modelToken,
  positive: conditioningToken,
  cfg: z.number(),
});
export const latentToken = z.object({
  kind: z.literal("latent"),
  /** Size of the picture that it decodes to. */
  width: z.number(),
  height: z.number(),
  frames: z.number(),
  batch: z.number(),
  /** What a sampler put in: the label of the decoded picture. */
  seed: z.number().optional(),
  text: z.string().optional(),
  sampledBy: z.string().optional(),
});
export const audioLatentToken = z.object({ kind: z.literal("audio-latent"), seconds: z.number() });
export const pairedLatentToken = z.object({
  kind: z.literal("paired-latent"),
  video: latentToken,
  audio: audioLatentToken,
});
export const audioToken = z.object({ kind: z.literal("audio"), seconds: z.number() });

export type ModelToken = z.infer<typeof modelToken>;
export type ConditioningToken = z.infer<typeof conditioningToken>;
export type LatentToken = z.infer<typeof latentToken>;

/** A video before it is encoded. Sound is not simulated. */
export interface Video {
  readonly kind: "video";
  readonly images: ImageBatch;
  readonly framesPerSecond: number;
}

const isKind = (value: unknown, kind: string): boolean =>
  typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === kind;
export const isImageBatch = (value: unknown): value is ImageBatch => isKind(value, "image");
export const isMask = (value: unknown): value is Mask => isKind(value, "mask");
export const isVideo = (value: unknown): value is Video => isKind(value, "video");
