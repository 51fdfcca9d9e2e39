/** sha256 of files that are asked for again and again, calculated once for each state of a file. */
import { stat } from "node:fs/promises";
import { hashFile } from "./partial-file.ts";

/** Files whose hash is remembered. */
const FILES = 10_000;
/** Two changes of a file may carry the same time when they are closer than this, ms. */
const CLOCK_STEP_MS = 2_000;

interface Known {
  readonly state: string;
  readonly sha256: string;
}

export class FileHashes {
  /** By path, longest unused first. */
  readonly #known = new Map<string, Known>();

  /** sha256 of the file as it is now, hex. Throws what the filesystem says when it can't be read. */
  async of(file: string): Promise<string> {
    const before = await stateOf(file);
    const known = this.#known.get(file);
    this.#known.delete(file);
    const sha256 = known?.state === before.state ? known.sha256 : await hashFile(file);
    const after = await stateOf(file);
    if (after.state === before.state && Date.now() - after.changedMs > CLOCK_STEP_MS) {
      this.#remember(file, { state: after.state, sha256 });
    }
    return sha256;
  }

  #remember(file: string, known: Known): void {
    this.#known.set(file, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > FILES && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** The change time, which unlike the modification time no program can set, tells of every write. */
async function stateOf(file: string): Promise<{ state: string; changedMs: number }> {
  const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(file, { bigint: true });
  return { state: [dev, ino, size, mtimeNs, ctimeNs].join(":"), changedMs: Number(ctimeMs) };
}
