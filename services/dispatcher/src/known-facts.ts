/** What the replicas are: from the file, else from the first one that answers. Asked once, for all slots. */
import type { ReplicaFacts } from "@comfymulti/queue";
import pRetry from "p-retry";
import type { Logger } from "pino";
import { NoReplicaError, type Endpoint } from "./endpoint.ts";
import { readFacts, writeFacts } from "./facts-file.ts";

const RETRIES = {
  retries: Number.POSITIVE_INFINITY,
  minTimeout: 1_000,
  maxTimeout: 15_000,
  randomize: true,
} as const;

export class KnownFacts {
  readonly #endpoint: Endpoint;
  readonly #file: string;
  readonly #log: Logger;
  #current: ReplicaFacts | undefined;
  #asking: Promise<ReplicaFacts> | undefined;

  constructor(endpoint: Endpoint, file: string, log: Logger) {
    this.#endpoint = endpoint;
    this.#file = file;
    this.#log = log;
  }

  /**
   * Waits for a replica when nothing is known yet, which starts one. Throws KeyRefusedError,
   * EndpointRefusedError, or the signal's reason.
   */
  async known(signal: AbortSignal): Promise<ReplicaFacts> {
    this.#current ??= await readFacts(this.#file);
    return this.#current ?? (await this.#ask(signal));
  }

  /** A replica said what it is: when that is not what is known, one is asked for all of it. */
  async heard(info: ReplicaFacts["info"], signal: AbortSignal): Promise<void> {
    if (this.#current && isSame(this.#current.info, info)) return;
    const { comfyuiVersion, gpu, vramTotalMiB } = info;
    this.#log.info({ comfyuiVersion, gpu, vramTotalMiB }, "the replicas are others now");
    await this.#ask(signal);
  }

  #ask(signal: AbortSignal): Promise<ReplicaFacts> {
    this.#asking ??= this.#askNow(signal).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askNow(signal: AbortSignal): Promise<ReplicaFacts> {
    this.#log.info("asking a replica what it is");
    const facts = await pRetry(() => this.#endpoint.facts(signal), {
      ...RETRIES,
      signal,
      shouldRetry: ({ error }) => error instanceof NoReplicaError,
      onFailedAttempt: ({ error }) => this.#log.info(`no replica yet: ${error.message}`),
    });
    this.#current = facts;
    await writeFacts(this.#file, facts).catch((error: unknown) => {
      this.#log.warn({ err: error }, "FACTS_FILE could not be written");
    });
    const { comfyuiVersion, gpu, vramTotalMiB } = facts.info;
    this.#log.info({ comfyuiVersion, gpu, vramTotalMiB }, "replica known");
    return facts;
  }
}

/** Free memory and loaded models are a moment's; these decide which jobs fit. */
const isSame = (one: ReplicaFacts["info"], other: ReplicaFacts["info"]): boolean =>
  one.objectInfoFingerprint === other.objectInfoFingerprint &&
  one.comfyuiVersion === other.comfyuiVersion &&
  one.gpu === other.gpu &&
  one.vramTotalMiB === other.vramTotalMiB;
