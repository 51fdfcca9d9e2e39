/**
 * What the queue does, without how. `Queue` in `queue.ts` is the one implementation.
 * Every method is one atomic Lua script or a read; every time is Redis' clock.
 */
import type {
  ControlMessage,
  Failure,
  Job,
  JobId,
  JobPayload,
  JobResult,
  JobState,
  NewJob,
  UserEvent,
  UserId,
  Worker,
  WorkerInfo,
  WorkerStatus,
} from "./protocol.ts";
import type { VramPeaks } from "./vram-peaks.ts";

/** A job that a worker holds. */
export interface Claim {
  readonly job: Job;
  readonly payload: JobPayload;
  /** Fencing token: goes with everything the worker says about this job. */
  readonly attempt: number;
  /** The lease runs out this many ms after the claim or the last heartbeat. */
  readonly leaseMs: number;
}

/** Names the holder of a claim. */
export interface Holder {
  readonly worker: string;
  readonly job: JobId;
  readonly attempt: number;
}

export interface Enqueued {
  readonly job: Job;
  /** Jobs that will be claimed before this one, 0 = next. */
  readonly position: number;
  /** True when this id was accepted before: nothing was added. */
  readonly duplicate: boolean;
}

export interface JobQuery {
  readonly user?: UserId;
  readonly states?: readonly JobState[];
  readonly offset?: number;
  /** At most 1000. Default 100. */
  readonly limit?: number;
  /** By creation. Default `asc`, stable. */
  readonly order?: "asc" | "desc";
}

export interface JobPage {
  readonly jobs: readonly Job[];
  readonly total: number;
}

export type Counts = Readonly<Record<JobState, number>>;

/** A live picture of a running node: the bytes are ComfyUI's binary WebSocket frame, event type included. */
export interface Preview {
  readonly job: JobId;
  readonly clientId: string;
  readonly attempt: number;
  readonly frame: Buffer;
}

export interface EventHandlers {
  /** `id` is the stream id (absent on coalesced progress, which is not stored). */
  readonly onEvent: (user: UserId, event: UserEvent, id: string | undefined) => void;
  readonly onPreview: (user: UserId, preview: Preview) => void;
}

export interface Subscription {
  /** Start or stop receiving a user's events; cheap, idempotent. */
  add(user: UserId): Promise<void>;
  remove(user: UserId): Promise<void>;
  close(): Promise<void>;
}

/** What Redis holds, bytes. */
export interface MemoryUse {
  readonly used: number;
  /** Redis' own limit (`maxmemory`); 0 = none. */
  readonly limit: number;
  /** Compressed graphs of jobs that have not ended. */
  readonly waiting: number;
  /** Compressed graphs and results of ended jobs. */
  readonly history: number;
}

export interface QueueContract {
  // ── gateway side ──
  /**
   * Accepts a job. Throws QueueFullError (depth, bytes or the user's limit), QueuePausedError,
   * QueueClosedError, JobIdTakenError. Same id twice is one job.
   */
  enqueue(job: NewJob): Promise<Enqueued>;
  job(id: JobId): Promise<Job | undefined>;
  payload(id: JobId): Promise<JobPayload | undefined>;
  result(id: JobId): Promise<JobResult | undefined>;
  /** Jobs that will be claimed before this one; undefined when it is not pending. O(log n). */
  position(id: JobId): Promise<number | undefined>;
  list(query: JobQuery): Promise<JobPage>;
  /** The pending jobs that will be claimed first, in that order; at most 1000. */
  waiting(limit: number): Promise<readonly Job[]>;
  counts(user?: UserId): Promise<Counts>;
  /**
   * Cancels a pending or running job of this user (of anybody when `user` is undefined: admin).
   * A running one is cancelled at once in the queue and its worker is told to interrupt.
   * Throws JobNotFoundError, WrongStateError.
   */
  cancel(id: JobId, user: UserId | undefined): Promise<Job>;
  /**
   * Puts a pending job before all others (`front`), or gives it another priority. Throws
   * JobNotFoundError, WrongStateError, and WrongPolicyError for a priority under another policy.
   */
  reprioritise(id: JobId, to: "front" | number): Promise<Job>;
  /**
   * Puts a failed or cancelled job back, behind its user's others, whatever the limits say.
   * Throws JobNotFoundError, WrongStateError.
   */
  retry(id: JobId): Promise<Job>;
  /** Drops ended jobs from this user's history; ids that are not theirs or not ended are ignored. */
  deleteHistory(user: UserId, ids: readonly JobId[] | "all"): Promise<number>;
  subscribe(handlers: EventHandlers): Promise<Subscription>;
  /** Stored events of a user after this stream id, oldest first, for a reconnecting browser. */
  eventsSince(user: UserId, id: string): Promise<readonly { id: string; event: UserEvent }[]>;
  /** Puts jobs with expired leases back (or fails them after too many losses). Any replica may run it. */
  expireLeases(): Promise<readonly Job[]>;
  /** Drops ended jobs and lost workers that are older than is kept. Returns how many. Any replica may run it. */
  forgetOld(): Promise<number>;
  /**
   * Puts this gateway's settings in force for all (`sharedSettings`); waiting jobs are ordered anew
   * when another policy was before. True when it was.
   */
  applySettings(): Promise<boolean>;
  /** Pauses or resumes intake; waiting and running jobs go on. What is closed stays closed by a pause. */
  setPaused(paused: boolean): Promise<void>;
  /** True also when intake is closed. */
  paused(): Promise<boolean>;
  /**
   * Stops intake for good: a refusal says that the workshop is over. `setPaused(false)` opens it again.
   *
   * @param life of the stack: one that is made anew over the same Redis is another
   */
  closeIntake(life: string): Promise<void>;
  intakeClosed(): Promise<boolean>;
  /** Opens intake that another life of the stack has closed, and takes back what it announced. */
  openIfClosedBefore(life: string): Promise<void>;
  /** Says something to everybody who has the editor open, until it is replaced or taken back. */
  announce(text: string | undefined): Promise<void>;
  announcement(): Promise<string | undefined>;
  /**
   * Calls the handler with what is announced now, soon after every change, and after Redis was away.
   * Returns how to stop it.
   */
  onAnnouncement(handler: (text: string | undefined) => void): Promise<() => Promise<void>>;
  workers(): Promise<readonly Worker[]>;
  /** object_info (JSON text) by fingerprint; the newest registered one when `fingerprint` is undefined. */
  objectInfo(fingerprint?: string): Promise<{ fingerprint: string; json: string } | undefined>;
  /** Changes whenever the text of the newest object_info does; cheap to ask. Undefined before the first. */
  objectInfoVersion(): Promise<string | undefined>;
  memory(): Promise<MemoryUse>;
  /** What jobs took of the GPU, by the models that they load. */
  vramPeaks(): Promise<readonly VramPeaks[]>;
  sendControl(worker: string, message: ControlMessage): Promise<void>;
  /** Throws RedisUnavailableError when Redis does not answer within its time-out. */
  ping(): Promise<void>;

  // ── worker side ──
  registerWorker(info: WorkerInfo, objectInfoJson: string): Promise<void>;
  /** Keeps the worker listed; free VRAM and status as of now. */
  heartbeatWorker(info: WorkerInfo, status: WorkerStatus): Promise<void>;
  unregisterWorker(name: string): Promise<void>;
  /** Notes the peak of GPU memory during a job with these models, MiB; without models nothing. */
  noteVramPeak(models: readonly string[], peakMiB: number): Promise<void>;
  /**
   * The fairest job that fits this VRAM, with a lease; undefined when there is none. Never waits.
   * A job whose models are all loaded may go before it, within the bounds of `QueueOptions.affinity`.
   */
  claim(
    worker: string,
    vramMiB: number,
    loadedModels?: readonly string[],
  ): Promise<Claim | undefined>;
  /** Resolves when there may be work (an enqueue, a requeue, a reconnect), or on abort. Does not poll. */
  waitForWork(signal: AbortSignal): Promise<void>;
  onControl(
    worker: string,
    handler: (message: ControlMessage) => void,
  ): Promise<() => Promise<void>>;
  /** Extends the lease. Throws LeaseLostError (expired and given on, cancelled, or ended). */
  heartbeat(holder: Holder): Promise<void>;
  /** Relays a ComfyUI message to the user's sockets; stored for replay unless `transient`. Throws LeaseLostError. */
  publishMessage(
    holder: Holder,
    message: { type: string; data: Record<string, unknown> },
    transient: boolean,
  ): Promise<void>;
  /** Relays a preview frame; never stored, dropped when nobody listens. */
  publishPreview(claim: Claim, frame: Buffer): Promise<void>;
  /** Throws LeaseLostError when the fencing token is old, the job was cancelled or has ended. */
  complete(holder: Holder, result: JobResult): Promise<Job>;
  /** The same; one of `retriedFailureKinds` queues the job again while attempts are left. */
  fail(holder: Holder, failure: Failure, result: JobResult | undefined): Promise<Job>;
  /** Gives the job back at once, to the front of its user, without using up an attempt. */
  release(holder: Holder, reason: string): Promise<Job>;

  close(): Promise<void>;
}
