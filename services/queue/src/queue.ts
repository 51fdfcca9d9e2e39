/** The queue: each method is one Lua script or one read. What they mean: `contract.ts`. */
import type { Redis } from "ioredis";
import { z } from "zod";
import { Claims } from "./claims.ts";
import { Channels } from "./channels.ts";
import { unpack } from "./compression.ts";
import { connectForCommands, requireDurability, type RedisAddress } from "./connection.ts";
import type {
  Claim,
  Counts,
  Enqueued,
  EventHandlers,
  Holder,
  JobPage,
  JobQuery,
  MemoryUse,
  QueueContract,
  Subscription,
} from "./contract.ts";
import { RedisUnavailableError } from "./errors.ts";
import { EventSubscription, parseUserEvent } from "./event-subscription.ts";
import { parseJob, readJob } from "./job-fields.ts";
import { QueueKeys } from "./keys.ts";
import { defaultOptions, sharedSettings, type QueueOptions } from "./options.ts";
import { packPayload, unpackPayload } from "./packed-payload.ts";
import {
  controlMessageSchema,
  jobResultSchema,
  jobStates,
  newJobSchema,
  prioritySchema,
  type ControlMessage,
  type Failure,
  type Job,
  type JobId,
  type JobPayload,
  type JobResult,
  type NewJob,
  type UserEvent,
  type UserId,
  type Worker,
  type WorkerInfo,
  type WorkerStatus,
} from "./protocol.ts";
import { Reads } from "./reads.ts";
import { list, Scripts, type Reply, type ScriptArgument, type ScriptName } from "./scripts.ts";
import { vramClass } from "./vram-class.ts";
import { VramPeakRecord, type VramPeaks } from "./vram-peaks.ts";
import { WorkerRegistry } from "./worker-registry.ts";
import { WorkSignal } from "./work-signal.ts";

/** A health check must answer long before a command would time out, ms. */
const PING_TIMEOUT_MS = 1_000;
/** Leases that one sweep takes back; the next sweep goes on. */
const SWEEP_LIMIT = 100;
const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;
/** A worker that has been silent for this long is taken off the list, ms. */
const WORKER_FORGOTTEN_MS = 3600_000;
/** Ended jobs that one call drops by age. */
const FORGET_LIMIT = 500;
/** Between tries to read an announcement: the command connection may come back after the other. */
const ANNOUNCEMENT_RETRY_MS = 1_000;
const offsetSchema = z.number().int().nonnegative();

const lost: Failure = {
  kind: "worker-lost",
  message:
    "Too many workers were lost while they ran this job. Please tell the host; running it again may help.",
};

export class Queue implements QueueContract {
  readonly #redis: Redis;
  readonly #channels: Channels;
  readonly #keys: QueueKeys;
  readonly #scripts: Scripts;
  readonly #reads: Reads;
  readonly #options: QueueOptions & Required<Omit<QueueOptions, keyof RedisAddress>>;
  readonly #work: WorkSignal;
  readonly #registry: WorkerRegistry;
  readonly #vramPeaks: VramPeakRecord;
  readonly #claims: Claims;

  private constructor(redis: Redis, channels: Channels, options: QueueOptions) {
    this.#redis = redis;
    this.#channels = channels;
    this.#options = { ...defaultOptions, ...options };
    this.#keys = new QueueKeys(this.#options.hashTag);
    this.#scripts = new Scripts(redis, this.#keys);
    this.#reads = new Reads(redis);
    this.#registry = new WorkerRegistry(this.#scripts, this.#reads, this.#keys);
    this.#vramPeaks = new VramPeakRecord(this.#scripts, this.#reads, this.#keys);
    this.#claims = new Claims(this.#scripts, this.#reads, this.#keys, this.#options.leaseMs);
    this.#work = new WorkSignal(channels, this.#keys.of("wake"));
  }

  /** @throws RedisUnavailableError, RedisNotDurableError */
  static async connect(options: QueueOptions): Promise<Queue> {
    const redis = await connectForCommands(options);
    try {
      if (options.requireDurability ?? defaultOptions.requireDurability) {
        await requireDurability(redis);
      }
      return new Queue(redis, await Channels.connect(options), options);
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#channels.close();
    this.#redis.disconnect();
    await Promise.resolve();
  }

  // ── gateway side ──

  async enqueue(newJob: NewJob): Promise<Enqueued> {
    const job = newJobSchema.parse(newJob);
    const { maxQueueDepth, maxQueueBytes, userPendingLimit, weights } = this.#options;
    const { packed, bytes } =
      "packed" in job.payload ? job.payload : await packPayload(job.payload);
    const reply = list(
      await this.#run(
        "enqueue",
        job.id,
        job.user,
        job.clientId,
        job.costSeconds,
        weights[job.user] ?? 1,
        job.vramMiB,
        vramClass(job.vramMiB),
        JSON.stringify(job.models),
        job.front ? "1" : "0",
        job.workflowId ?? "",
        maxQueueDepth,
        maxQueueBytes,
        userPendingLimit,
        bytes,
        asBuffer(packed),
      ),
    );
    const [duplicate, position, fields] = reply;
    return { duplicate: duplicate === 1, position: Number(position), job: readJob(fields) };
  }

  async job(id: JobId): Promise<Job | undefined> {
    const fields = await this.#reads.of((redis) => redis.hgetall(this.#keys.of("job", id)));
    return fields.id === undefined ? undefined : parseJob(fields);
  }

  async payload(id: JobId): Promise<JobPayload | undefined> {
    const packed = await this.#reads.bytes(this.#keys.of("payload", id));
    return packed ? await unpackPayload(packed) : undefined;
  }

  async result(id: JobId): Promise<JobResult | undefined> {
    const packed = await this.#reads.bytes(this.#keys.of("result", id));
    return packed ? jobResultSchema.parse(await unpack(packed)) : undefined;
  }

  async position(id: JobId): Promise<number | undefined> {
    const rank = await this.#run("position", id);
    return rank === null ? undefined : Number(rank);
  }

  async list(query: JobQuery): Promise<JobPage> {
    const limit = Math.min(query.limit ?? DEFAULT_PAGE, LARGEST_PAGE);
    const [total, jobs] = list(
      await this.#run(
        "list",
        query.user ?? "",
        offsetSchema.parse(query.offset ?? 0),
        limit,
        query.order ?? "asc",
        ...new Set(query.states ?? jobStates),
      ),
    );
    return { total: Number(total), jobs: list(jobs).map(readJob) };
  }

  async waiting(limit: number): Promise<readonly Job[]> {
    return list(await this.#run("waiting", Math.min(limit, LARGEST_PAGE))).map(readJob);
  }

  async counts(user?: UserId): Promise<Counts> {
    const counts = list(await this.#run("counts", user ?? "", ...jobStates));
    return Object.fromEntries(
      jobStates.map((state, index) => [state, Number(counts[index])]),
    ) as Counts;
  }

  async cancel(id: JobId, user: UserId | undefined): Promise<Job> {
    return readJob(await this.#run("cancel", id, user ?? ""));
  }

  async reprioritise(id: JobId, to: "front" | number): Promise<Job> {
    const place = to === "front" ? to : prioritySchema.parse(to);
    return readJob(await this.#run("reprioritise", id, place));
  }

  async retry(id: JobId): Promise<Job> {
    return readJob(await this.#run("retry", id));
  }

  async deleteHistory(user: UserId, ids: readonly JobId[] | "all"): Promise<number> {
    if (ids.length === 0) return 0;
    return Number(await this.#run("delete-history", user, ...(ids === "all" ? [] : ids)));
  }

  async expireLeases(): Promise<readonly Job[]> {
    const failure = JSON.stringify(lost);
    return list(await this.#run("expire-leases", failure, SWEEP_LIMIT)).map(readJob);
  }

  async forgetOld(): Promise<number> {
    return Number(await this.#run("forget-old", WORKER_FORGOTTEN_MS, FORGET_LIMIT));
  }

  async applySettings(): Promise<boolean> {
    const settings = Object.entries(sharedSettings(this.#options));
    return (await this.#run("apply-settings", ...settings.flat())) === 1;
  }

  async setPaused(paused: boolean): Promise<void> {
    await this.#run("set-paused", paused ? "pause" : "resume");
  }

  async paused(): Promise<boolean> {
    return (await this.#reads.of((redis) => redis.exists(this.#keys.of("paused")))) === 1;
  }

  async closeIntake(life: string): Promise<void> {
    await this.#run("set-paused", "close", life);
  }

  async intakeClosed(): Promise<boolean> {
    return (await this.#reads.text(this.#keys.of("paused")))?.startsWith("closed ") === true;
  }

  async openIfClosedBefore(life: string): Promise<void> {
    await this.#run("set-paused", "renew", life);
  }

  async announce(text: string | undefined): Promise<void> {
    await this.#run("announce", text ?? "");
  }

  announcement(): Promise<string | undefined> {
    return this.#reads.text(this.#keys.of("announcement"));
  }

  async onAnnouncement(handler: (text: string | undefined) => void): Promise<() => Promise<void>> {
    const channel = this.#keys.of("announcement");
    let again: NodeJS.Timeout | undefined;
    // The channel says only that something changed: what is read last is what holds.
    const look = () => {
      clearTimeout(again);
      this.announcement().then(handler, () => {
        again = setTimeout(look, ANNOUNCEMENT_RETRY_MS).unref();
      });
    };
    await this.#channels.listen(channel, look);
    const ignoreReconnects = this.#channels.onReconnect(look);
    look();
    return async () => {
      clearTimeout(again);
      ignoreReconnects();
      await this.#channels.ignore(channel, look);
    };
  }

  async subscribe(handlers: EventHandlers): Promise<Subscription> {
    return Promise.resolve(new EventSubscription(this.#channels, this.#keys, this, handlers));
  }

  async eventsSince(
    user: UserId,
    id: string,
  ): Promise<readonly { id: string; event: UserEvent }[]> {
    const entries = await this.#reads.of((redis) =>
      redis.xrange(this.#keys.of("events", user), `(${id}`, "+"),
    );
    return entries.flatMap(([entryId, [, json = ""]]) => {
      const event = parseUserEvent(json);
      return event ? [{ id: entryId, event }] : [];
    });
  }

  async newestEventId(user: UserId): Promise<string> {
    const [newest] = await this.#reads.of((redis) =>
      redis.xrevrange(this.#keys.of("events", user), "+", "-", "COUNT", 1),
    );
    return newest?.[0] ?? "0-0";
  }

  workers(): Promise<readonly Worker[]> {
    return this.#registry.all();
  }

  objectInfo(fingerprint?: string): Promise<{ fingerprint: string; json: string } | undefined> {
    return this.#registry.objectInfo(fingerprint);
  }

  objectInfoVersion(): Promise<string | undefined> {
    return this.#registry.objectInfoVersion();
  }

  async memory(): Promise<MemoryUse> {
    const [held, info] = await Promise.all([
      this.#run("memory"),
      this.#reads.of((redis) => redis.info("memory")),
    ]);
    const [waiting, history] = list(held);
    const figure = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
    return {
      used: figure("used_memory"),
      limit: figure("maxmemory"),
      waiting: Number(waiting),
      history: Number(history),
    };
  }

  vramPeaks(): Promise<readonly VramPeaks[]> {
    return this.#vramPeaks.all();
  }

  async sendControl(worker: string, message: ControlMessage): Promise<void> {
    await this.#reads.of((redis) =>
      redis.publish(
        this.#keys.of("control", worker),
        JSON.stringify(controlMessageSchema.parse(message)),
      ),
    );
  }

  async ping(): Promise<void> {
    const late = AbortSignal.timeout(PING_TIMEOUT_MS);
    const timeout = new Promise<never>((_, reject) => {
      late.addEventListener("abort", () =>
        reject(new RedisUnavailableError(`no answer within ${PING_TIMEOUT_MS} ms`)),
      );
    });
    await Promise.race([this.#reads.of((redis) => redis.ping()), timeout]);
  }

  // ── worker side ──

  noteVramPeak(models: readonly string[], peakMiB: number): Promise<void> {
    return this.#vramPeaks.note(models, peakMiB);
  }

  registerWorker(info: WorkerInfo, objectInfoJson: string): Promise<void> {
    return this.#registry.register(info, objectInfoJson);
  }

  heartbeatWorker(info: WorkerInfo, status: WorkerStatus): Promise<void> {
    return this.#registry.heartbeat(info, status);
  }

  unregisterWorker(name: string): Promise<void> {
    return this.#registry.unregister(name);
  }

  async claim(
    worker: string,
    vramMiB: number,
    loadedModels: readonly string[] = [],
  ): Promise<Claim | undefined> {
    await this.#reads.of(() => this.#work.look());
    const claim = await this.#claims.claim(worker, vramMiB, loadedModels);
    if (claim) this.#work.mayBeMore();
    return claim;
  }

  waitForWork(signal: AbortSignal): Promise<void> {
    return this.#work.wait(signal);
  }

  async onControl(
    worker: string,
    handler: (message: ControlMessage) => void,
  ): Promise<() => Promise<void>> {
    const channel = this.#keys.of("control", worker);
    const hear = (message: Buffer) =>
      handler(controlMessageSchema.parse(JSON.parse(message.toString("utf8"))));
    await this.#channels.listen(channel, hear);
    return () => this.#channels.ignore(channel, hear);
  }

  heartbeat(holder: Holder): Promise<void> {
    return this.#claims.heartbeat(holder);
  }

  publishMessage(
    holder: Holder,
    message: { type: string; data: Record<string, unknown> },
    transient: boolean,
  ): Promise<void> {
    return this.#claims.publishMessage(holder, message, transient);
  }

  publishPreview(claim: Claim, frame: Buffer): Promise<void> {
    return this.#claims.publishPreview(claim, frame);
  }

  complete(holder: Holder, result: JobResult): Promise<Job> {
    return this.#claims.complete(holder, result);
  }

  fail(holder: Holder, failure: Failure, result: JobResult | undefined): Promise<Job> {
    return this.#claims.fail(holder, failure, result);
  }

  release(holder: Holder, reason: string): Promise<Job> {
    return this.#claims.release(holder, reason);
  }

  #run(name: ScriptName, ...args: readonly ScriptArgument[]): Promise<Reply> {
    return this.#scripts.run(name, ...args);
  }
}

/** The same bytes; what comes from another thread is a plain Uint8Array. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
