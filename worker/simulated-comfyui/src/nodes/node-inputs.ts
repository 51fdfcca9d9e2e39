/** A node's inputs after the links were followed, read with their types. */
import type { z } from "zod";
import { NodeFailure } from "./node.ts";
import type { ImageBatch, Mask, Video } from "./values.ts";
import { isImageBatch, isMask, isVideo } from "./values.ts";

export class NodeInputs {
  readonly values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.values = values;
  }

  number(name: string): number {
    const value = Number(this.values[name]);
    if (!Number.isFinite(value)) throw this.wrong(name, "a number");
    return value;
  }

  /** INT: Python's `int()` cuts off what is behind the point. */
  integer(name: string): number {
    return Math.trunc(this.number(name));
  }

  text(name: string): string {
    const value = this.values[name];
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    throw this.wrong(name, "a string");
  }

  boolean(name: string): boolean {
    return Boolean(this.values[name]);
  }

  image(name: string): ImageBatch {
    const value = this.values[name];
    if (!isImageBatch(value)) throw this.wrong(name, "an image");
    return value;
  }

  mask(name: string): Mask {
    const value = this.values[name];
    if (!isMask(value)) throw this.wrong(name, "a mask");
    return value;
  }

  video(name: string): Video {
    const value = this.values[name];
    if (!isVideo(value)) throw this.wrong(name, "a video");
    return value;
  }

  /** One of the tokens of `values.ts`. */
  token<T>(name: string, schema: z.ZodType<T>): T {
    const parsed = schema.safeParse(this.values[name]);
    if (!parsed.success) throw this.wrong(name, "what this node expects");
    return parsed.data;
  }

  private wrong(name: string, expected: string): NodeFailure {
    return new NodeFailure("TypeError", `Input ${name} is not ${expected}.`);
  }
}
