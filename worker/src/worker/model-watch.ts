/** Looks now and then what model files this machine's disk holds, for the queue manager to know. */
import type { ModelReport } from "@comfymulti/queue";
import { modelManifest } from "@comfymulti/workflows";
import type { Logger } from "pino";
import { scanModels } from "../models/index.ts";

/** A restore that ends is noticed within this time, ms. */
const EVERY_MS = 60_000;

export class ModelWatch {
  /** Undefined until the first look, and while the directory can't be read. */
  report: ModelReport | undefined;
  readonly #directory: string;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #problem: string | undefined;

  constructor(directory: string, log: Logger) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Looks now, and then every minute until `stop`. Never rejects. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#look(), EVERY_MS).unref();
    await this.#look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    // A shared filesystem may hang: the next look waits for this one.
    if (this.#looking) return;
    this.#looking = true;
    try {
      const { templates, orphans, orphanBytes } = await scanModels(this.#directory, modelManifest);
      this.report = {
        templates: templates.map(({ name, missing }) => ({ name, missing })),
        orphans: { files: orphans.length, bytes: orphanBytes },
      };
      this.#problem = undefined;
    } catch (error) {
      this.report = undefined;
      const problem = error instanceof Error ? error.message : "the models directory can't be read";
      if (problem !== this.#problem) this.#log.warn(`models are not reported: ${problem}`);
      this.#problem = problem;
    } finally {
      this.#looking = false;
    }
  }
}
