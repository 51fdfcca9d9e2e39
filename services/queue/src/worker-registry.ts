/** The workers that the queue knows of, and the node definitions that they brought. */
import { packText, unpackText } from "./compression.ts";
import type { QueueKeys } from "./keys.ts";
import {
  workerInfoSchema,
  workerSchema,
  type JobId,
  type Worker,
  type WorkerInfo,
  type WorkerStatus,
} from "./protocol.ts";
import { list, text, type Reply, type Scripts } from "./scripts.ts";
import type { Reads } from "./reads.ts";

/** A worker that said nothing for this long is shown as lost, ms. */
const WORKER_LOST_MS = 30_000;

export class WorkerRegistry {
  readonly #scripts: Scripts;
  readonly #reads: Reads;
  readonly #keys: QueueKeys;

  constructor(scripts: Scripts, reads: Reads, keys: QueueKeys) {
    this.#scripts = scripts;
    this.#reads = reads;
    this.#keys = keys;
  }

  async register(info: WorkerInfo, objectInfoJson: string): Promise<void> {
    await this.#store(info, "idle", await packText(objectInfoJson));
  }

  async heartbeat(info: WorkerInfo, status: WorkerStatus): Promise<void> {
    await this.#store(info, status, "");
  }

  async unregister(name: string): Promise<void> {
    await this.#scripts.run("unregister-worker", name);
  }

  async all(): Promise<Worker[]> {
    return readWorkers(await this.#scripts.run("workers"));
  }

  async objectInfo(
    fingerprint?: string,
  ): Promise<{ fingerprint: string; json: string } | undefined> {
    const wanted = fingerprint ?? (await this.#reads.text(this.#keys.of("newestObjectInfo")));
    if (!wanted) return undefined;
    const packed = await this.#reads.bytes(this.#keys.of("objectInfo", wanted));
    return packed ? { fingerprint: wanted, json: await unpackText(packed) } : undefined;
  }

  async objectInfoVersion(): Promise<string | undefined> {
    return await this.#reads.text(this.#keys.of("objectInfoVersion"));
  }

  async #store(info: WorkerInfo, status: WorkerStatus, objectInfo: Buffer | ""): Promise<void> {
    const worker = { ...workerInfoSchema.parse(info), status };
    const json = JSON.stringify(worker);
    await this.#scripts.run(
      "register-worker",
      info.name,
      json,
      info.objectInfoFingerprint,
      objectInfo,
    );
  }
}

/** @param reply as `workers.lua` answers */
function readWorkers(reply: Reply): Worker[] {
  const [now, infos, held] = list(reply);
  const jobs = new Map(
    list(held).map((pair) => {
      const [job, worker] = list(pair);
      return [text(worker), text(job)];
    }),
  );
  return list(infos)
    .map((info) => {
      const worker = workerSchema.parse(JSON.parse(text(info)));
      const jobId = jobs.get(worker.name);
      const status = statusOf(worker, jobId, Number(now));
      return { ...worker, status, ...(jobId !== undefined && { jobId }) };
    })
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** What a worker said last, corrected by what the queue knows better: silence, and who holds what. */
function statusOf(worker: Worker, jobId: JobId | undefined, now: number): Worker["status"] {
  if (now - worker.lastSeenAt > WORKER_LOST_MS) return "lost";
  if (worker.status === "draining") return "draining";
  if (jobId === undefined) return "idle";
  return worker.status === "starting" ? "starting" : "running";
}
