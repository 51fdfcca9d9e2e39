/**
 * What the worker knows of ComfyUI's input folder: which bytes lie under which user's name since an
 * earlier job. One for a worker's life. It is a hint: who uses it reads the file back, since
 * the folder may have been emptied meanwhile.
 */
import type { InputContent } from "../results/queue-manager.ts";

/** Bytes of inputs that are remembered. */
const MAX_BYTES = 2 * 1024 ** 3;
/** A file counts for at least so many bytes, which bounds the number of names. */
const LEAST_BYTES = 64 * 1024;

export interface KnownInput extends InputContent {
  /** ComfyUI's own name, as a graph says it. */
  readonly name: string;
}

export class InputCache {
  readonly #maxBytes: number;
  /** By folder and name, longest unused first. */
  readonly #known = new Map<string, KnownInput>();
  #bytes = 0;

  /** @param maxBytes of the files that are remembered, together. Default 2 GiB. */
  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** `folder`: below ComfyUI's input folder, with the user's id first: nobody finds another's file. */
  find(folder: string, filename: string): KnownInput | undefined {
    const known = this.#known.get(`${folder}/${filename}`);
    // Used now: last in line to be forgotten.
    if (known) this.remember(folder, filename, known);
    return known;
  }

  /** This content lies under the name now, whatever lay there before. */
  remember(folder: string, filename: string, input: KnownInput): void {
    this.forget(folder, filename);
    this.#known.set(`${folder}/${filename}`, input);
    this.#bytes += weight(input);
    for (const [place, oldest] of this.#known) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(place, oldest);
    }
  }

  forget(folder: string, filename: string): void {
    const place = `${folder}/${filename}`;
    const known = this.#known.get(place);
    if (known) this.#drop(place, known);
  }

  #drop(place: string, input: KnownInput): void {
    this.#known.delete(place);
    this.#bytes -= weight(input);
  }
}

const weight = ({ size }: InputContent): number => Math.max(size, LEAST_BYTES);
