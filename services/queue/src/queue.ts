/** The queue: each method is one Lua script or one read. What they mean: `contract.ts`. */
import type { Redis } from "ioredis";
import { z } from "zod";
import { Channels } from "./channels.ts";
import { pack, packText, unpack, unpackText } from "./compression.ts";
import { connectForCommands, requireDurability } from "./connection.ts";
import type {
  Claim,
  Counts,
  Enqueued,
  EventHandlers,
  Holder,
  JobPage,
  JobQuery,
  QueueContract,
  Subscription,
} from "./contract.ts";
import { RedisUnavailableError, toQueueError } from "./errors.ts";
import { EventSubscription, parseUserEvent } from "./event-subscription.ts";
import { parseJob, readJob } from "./job-fields.ts";
import { QueueKeys } from "./keys.ts";
import { defaultOptions, type QueueOptions } from "./options.ts";
import { encodePreview } from "./previews.ts";
import {
  controlMessageSchema,
  failureSchema,
  jobPayloadSchema,
  jobResultSchema,
  jobStates,
  messageEventSchema,
  newJobSchema,
  workerInfoSchema,
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
} from "./protocol.ts";
import { list, Scripts, type Reply, type ScriptName } from "./scripts.ts";
import { vramClass } from "./vram-class.ts";
import { countOutputs } from "./output-count.ts";
import { WorkSignal } from "./work-signal.ts";
import { readWorkers } from "./worker-list.ts";

/** A health check must answer long before a command would time out, ms. */
const PING_TIMEOUT_MS = 1_000;
/** Leases that one sweep takes back; the next sweep goes on. */
const SWEEP_LIMIT = 100;
const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;
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
  readonly #options: QueueOptions & typeof defaultOptions;
  readonly #work: WorkSignal;

  private constructor(redis: Redis, channels: Channels, options: QueueOptions) {
    this.#redis = redis;
    this.#channels = channels;
    this.#options = { ...defaultOptions, ...options } as QueueOptions & typeof defaultOptions;
    this.#keys = new QueueKeys(this.#options.hashTag);
    this.#scripts = new Scripts(redis, this.#keys);
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
    const reply = list(
      await this.#run(
        "enqueue",
        job.id,
        job.user,
        job.clientId,
        job.costSeconds,
        this.#options.weights[job.user] ?? 1,
        job.vramMiB,
        vramClass(job.vramMiB),
        job.front ? "1" : "0",
        job.workflowId ?? "",
        this.#options.policy,
        this.#options.maxQueueDepth,
        this.#options.userPendingLimit,
        await pack(job.payload),
      ),
    );
    const [duplicate, position, fields] = reply;
    return { duplicate: duplicate === 1, position: Number(position), job: readJob(fields) };
  }

  async job(id: JobId): Promise<Job | undefined> {
    const fields = await this.#read(() => this.#redis.hgetall(this.#keys.of("job", id)));
    return fields.id === undefined ? undefined : parseJob(fields);
  }

  async payload(id: JobId): Promise<JobPayload | undefined> {
    const packed = await this.#read(() => this.#redis.getBuffer(this.#keys.of("payload", id)));
    return packed ? jobPayloadSchema.parse(await unpack(packed)) : undefined;
  }

  async result(id: JobId): Promise<JobResult | undefined> {
    const packed = await this.#read(() => this.#redis.getBuffer(this.#keys.of("result", id)));
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
        ...new Set(query.states ?? []),
      ),
    );
    return { total: Number(total), jobs: list(jobs).map(readJob) };
  }

  async counts(user?: UserId): Promise<Counts> {
    const counts = list(await this.#run("counts", user ?? "", ...jobStates));
    return Object.fromEntries(
      jobStates.map((state, index) => [state, Number(counts[index])]),
    ) as Counts;
  }

  async cancel(id: JobId, user: UserId | undefined): Promise<Job> {
    const { policy, historyPerUser } = this.#options;
    return readJob(await this.#run("cancel", id, user ?? "", policy, historyPerUser));
  }

  async deleteHistory(user: UserId, ids: readonly JobId[] | "all"): Promise<number> {
    if (ids.length === 0) return 0;
    return Number(await this.#run("delete-history", user, ...(ids === "all" ? [] : ids)));
  }

  async expireLeases(): Promise<readonly Job[]> {
    const { maxLosses, historyPerUser } = this.#options;
    return list(
      await this.#run(
        "expire-leases",
        maxLosses,
        JSON.stringify(lost),
        historyPerUser,
        SWEEP_LIMIT,
      ),
    ).map(readJob);
  }

  async setPaused(paused: boolean): Promise<void> {
    await this.#run("set-paused", paused ? "1" : "0");
  }

  async paused(): Promise<boolean> {
    return (await this.#read(() => this.#redis.exists(this.#keys.of("paused")))) === 1;
  }

  async subscribe(handlers: EventHandlers): Promise<Subscription> {
    return Promise.resolve(new EventSubscription(this.#channels, this.#keys, this, handlers));
  }

  async eventsSince(
    user: UserId,
    id: string,
  ): Promise<readonly { id: string; event: UserEvent }[]> {
    const entries = await this.#read(() =>
      this.#redis.xrange(this.#keys.of("events", user), `(${id}`, "+"),
    );
    return entries.flatMap(([entryId, [, json = ""]]) => {
      const event = parseUserEvent(json);
      return event ? [{ id: entryId, event }] : [];
    });
  }

  async newestEventId(user: UserId): Promise<string> {
    const [newest] = await this.#read(() =>
      this.#redis.xrevrange(this.#keys.of("events", user), "+", "-", "COUNT", 1),
    );
    return newest?.[0] ?? "0-0";
  }

  async workers(): Promise<readonly Worker[]> {
    return readWorkers(await this.#run("workers"));
  }

  async objectInfo(
    fingerprint?: string,
  ): Promise<{ fingerprint: string; json: string } | undefined> {
    const wanted =
      fingerprint ?? (await this.#read(() => this.#redis.get(this.#keys.of("newestObjectInfo"))));
    if (!wanted) return undefined;
    const packed = await this.#read(() =>
      this.#redis.getBuffer(this.#keys.of("objectInfo", wanted)),
    );
    return packed ? { fingerprint: wanted, json: await unpackText(packed) } : undefined;
  }

  async sendControl(worker: string, message: ControlMessage): Promise<void> {
    await this.#read(() =>
      this.#redis.publish(
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
    await Promise.race([this.#read(() => this.#redis.ping()), timeout]);
  }

  // ── worker side ──

  async registerWorker(info: WorkerInfo, objectInfoJson: string): Promise<void> {
    await this.#storeWorker(info, "idle", await packText(objectInfoJson));
  }

  async heartbeatWorker(info: WorkerInfo, status: "idle" | "running" | "draining"): Promise<void> {
    await this.#storeWorker(info, status, "");
  }

  async unregisterWorker(name: string): Promise<void> {
    await this.#read(() => this.#redis.hdel(this.#keys.of("workers"), name));
  }

  async claim(worker: string, vramMiB: number): Promise<Claim | undefined> {
    await this.#read(() => this.#work.look());
    const { leaseMs } = this.#options;
    const reply = await this.#run("claim", worker, vramMiB, vramClass(vramMiB), leaseMs);
    if (reply === null) return undefined;
    this.#work.mayBeMore();
    const [fields, packed] = list(reply);
    const job = readJob(fields);
    const payload = jobPayloadSchema.parse(await unpack(packed as Buffer));
    return { job, payload, attempt: job.attempt, leaseMs };
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

  async heartbeat({ job, worker, attempt }: Holder): Promise<void> {
    await this.#run("heartbeat", job, worker, attempt, this.#options.leaseMs);
  }

  async publishMessage(
    { job, worker, attempt }: Holder,
    message: { type: string; data: Record<string, unknown> },
    transient: boolean,
  ): Promise<void> {
    const json = JSON.stringify(messageEventSchema.shape.message.parse(message));
    await this.#run("publish-message", job, worker, attempt, json, transient ? "1" : "0");
  }

  async publishPreview({ job, attempt }: Claim, frame: Buffer): Promise<void> {
    const message = encodePreview({ job: job.id, clientId: job.clientId, attempt, frame });
    await this.#read(() => this.#redis.publish(this.#keys.of("previews", job.user), message));
  }

  async complete({ job, worker, attempt }: Holder, result: JobResult): Promise<Job> {
    const { historyPerUser } = this.#options;
    const packed = await pack(jobResultSchema.parse(result));
    const outputs = countOutputs(result);
    return readJob(
      await this.#run("complete", job, worker, attempt, outputs, packed, historyPerUser),
    );
  }

  async fail(
    { job, worker, attempt }: Holder,
    failure: Failure,
    result: JobResult | undefined,
  ): Promise<Job> {
    const { historyPerUser } = this.#options;
    const json = JSON.stringify(failureSchema.parse(failure));
    const packed = result ? await pack(jobResultSchema.parse(result)) : "";
    return readJob(await this.#run("fail", job, worker, attempt, json, packed, historyPerUser));
  }

  async release({ job, worker, attempt }: Holder, _reason: string): Promise<Job> {
    return readJob(await this.#run("release", job, worker, attempt));
  }

  async #storeWorker(info: WorkerInfo, status: string, objectInfo: Buffer | ""): Promise<void> {
    const worker = { ...workerInfoSchema.parse(info), status };
    const json = JSON.stringify(worker);
    await this.#run("register-worker", info.name, json, info.objectInfoFingerprint, objectInfo);
  }

  #run(name: ScriptName, ...args: readonly (string | number | Buffer)[]): Promise<Reply> {
    return this.#scripts.run(name, ...args);
  }

  async #read<Value>(command: () => Promise<Value>): Promise<Value> {
    try {
      return await command();
    } catch (error) {
      throw toQueueError(error);
    }
  }
}
