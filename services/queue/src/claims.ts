/** What a worker says of the jobs that it claims: each word goes with its fencing token. */
import { randomUUID } from "node:crypto";
import { pack } from "./compression.ts";
import type { Claim, Holder } from "./contract.ts";
import { RedisUnavailableError } from "./errors.ts";
import { readJob } from "./job-fields.ts";
import type { QueueKeys } from "./keys.ts";
import { countOutputs } from "./output-count.ts";
import { unpackPayload } from "./packed-payload.ts";
import { encodePreview } from "./previews.ts";
import {
  failureSchema,
  jobResultSchema,
  messageEventSchema,
  retriedFailureKinds,
  type Failure,
  type Job,
  type JobResult,
} from "./protocol.ts";
import type { Reads } from "./reads.ts";
import { list, type Reply, type Scripts } from "./scripts.ts";
import { vramClass } from "./vram-class.ts";

/** A relayed message up to this size is kept for replay, bytes of JSON. */
const LARGEST_STORED_MESSAGE = 64 * 1024;

export class Claims {
  readonly #scripts: Scripts;
  readonly #reads: Reads;
  readonly #keys: QueueKeys;
  readonly #leaseMs: number;
  /** Claims whose answer was lost: said again, they bring the job that they may have got. */
  readonly #unanswered: string[] = [];

  constructor(scripts: Scripts, reads: Reads, keys: QueueKeys, leaseMs: number) {
    this.#scripts = scripts;
    this.#reads = reads;
    this.#keys = keys;
    this.#leaseMs = leaseMs;
  }

  async claim(
    worker: string,
    vramMiB: number,
    loadedModels: readonly string[],
  ): Promise<Claim | undefined> {
    const leaseMs = this.#leaseMs;
    const lost = this.#unanswered.pop();
    const id = lost ?? randomUUID();
    const again = lost === undefined ? "0" : "1";
    const capability = [worker, vramMiB, vramClass(vramMiB)] as const;
    let reply: Reply;
    try {
      reply = await this.#scripts.run("claim", ...capability, leaseMs, id, again, ...loadedModels);
    } catch (error) {
      if (error instanceof RedisUnavailableError) this.#unanswered.push(id);
      throw error;
    }
    if (reply === null) return undefined;
    const [fields, packed] = list(reply);
    const job = readJob(fields);
    return { job, payload: await unpackPayload(packed as Buffer), attempt: job.attempt, leaseMs };
  }

  async heartbeat({ job, worker, attempt }: Holder): Promise<void> {
    await this.#scripts.run("heartbeat", job, worker, attempt, this.#leaseMs);
  }

  async publishMessage(
    { job, worker, attempt }: Holder,
    message: { type: string; data: Record<string, unknown> },
    transient: boolean,
  ): Promise<void> {
    const json = JSON.stringify(messageEventSchema.shape.message.parse(message));
    const told = transient ? "1" : "0";
    await this.#scripts.run(
      "publish-message",
      job,
      worker,
      attempt,
      json,
      told,
      LARGEST_STORED_MESSAGE,
    );
  }

  async publishPreview({ job, attempt }: Claim, frame: Buffer): Promise<void> {
    const message = encodePreview({ job: job.id, clientId: job.clientId, attempt, frame });
    const channel = this.#keys.of("previews", job.user);
    await this.#reads.of((redis) => redis.publish(channel, message));
  }

  async complete({ job, worker, attempt }: Holder, result: JobResult): Promise<Job> {
    const packed = await pack(jobResultSchema.parse(result));
    const outputs = countOutputs(result);
    return readJob(await this.#scripts.run("complete", job, worker, attempt, outputs, packed));
  }

  async fail(
    { job, worker, attempt }: Holder,
    failure: Failure,
    result: JobResult | undefined,
  ): Promise<Job> {
    const json = JSON.stringify(failureSchema.parse(failure));
    const packed = result ? await pack(jobResultSchema.parse(result)) : "";
    const again = retriedFailureKinds.includes(failure.kind) ? "1" : "0";
    return readJob(await this.#scripts.run("fail", job, worker, attempt, json, packed, again));
  }

  async release({ job, worker, attempt }: Holder, _reason: string): Promise<Job> {
    return readJob(await this.#scripts.run("release", job, worker, attempt));
  }
}
