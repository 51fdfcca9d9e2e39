/**
 * Everything that one user's browsers are told, in order. The worker tells how a job runs; the end
 * of a job is told here, from the queue's own state change, so that it comes exactly once.
 */
import {
  compareEventIds,
  type JobId,
  type MessageEvent,
  type Preview,
  type QueueContract,
  type StateEvent,
  type UserEvent,
  type UserId,
} from "@comfymulti/queue";
import { endMessage, type ComfyMessage } from "../comfyui/end-messages.ts";
import type { ClientSocket } from "./client-socket.ts";
import { RunningJob } from "./running-job.ts";

/** The gateway's own words; a worker that relays them by mistake is not believed. */
const GATEWAY_TYPES = new Set([
  "execution_success",
  "execution_error",
  "execution_interrupted",
  "status",
]);

/** ComfyUI sends these of a prompt without client_id to every socket, and nothing else of it. */
const BROADCAST_TYPES = new Set(["progress", "progress_state"]);

export class UserChannel {
  readonly #queue: QueueContract;
  readonly #user: UserId;
  readonly #sockets = new Set<ClientSocket>();
  readonly #running = new Map<JobId, RunningJob>();
  /** Jobs whose beginning was told and that wait again. */
  readonly #requeued = new Set<JobId>();
  readonly #onFault: (error: unknown) => void;
  #lastEventId: string | undefined;
  /** Steps run one after another: an end that reads the job is not overtaken by the next start. */
  #steps: Promise<void> = Promise.resolve();

  constructor(queue: QueueContract, user: UserId, onFault: (error: unknown) => void) {
    this.#queue = queue;
    this.#user = user;
    this.#onFault = onFault;
  }

  get size(): number {
    return this.#sockets.size;
  }

  get sockets(): Iterable<ClientSocket> {
    return this.#sockets;
  }

  /** Learns what already runs; call once, when the user's events have begun to arrive. */
  start(): Promise<void> {
    return this.#inOrder(async () => {
      const { jobs } = await this.#queue.list({ user: this.#user, states: ["running"] });
      for (const { id, clientId, attempt } of jobs) {
        this.#running.set(id, new RunningJob(clientId, attempt));
      }
      if (jobs.length === 0) return;
      for (const { event } of await this.#queue.eventsSince(this.#user, "0")) {
        if (event.kind === "message") this.#runOf(event)?.remember(event.message);
      }
    });
  }

  /** Greets a socket as ComfyUI does, then lets it hear everything that follows. */
  join(socket: ClientSocket): Promise<void> {
    return this.#inOrder(async () => {
      const { pending, running } = await this.#queue.counts(this.#user);
      socket.send({
        type: "status",
        data: {
          status: { exec_info: { queue_remaining: pending + running } },
          sid: socket.clientId,
        },
      });
      for (const job of this.#running.values()) {
        if (job.clientId !== socket.clientId) continue;
        for (const message of job.replay()) socket.send(message);
      }
      this.#sockets.add(socket);
    });
  }

  leave(socket: ClientSocket): void {
    this.#sockets.delete(socket);
  }

  /** Takes an event of this user's stream. Ids that were seen are left out. */
  take(event: UserEvent, id: string | undefined): void {
    if (id !== undefined) {
      const last = this.#lastEventId;
      if (last !== undefined && compareEventIds(id, last) <= 0) return;
      this.#lastEventId = id;
    }
    this.#inOrder(() =>
      event.kind === "state" ? this.#tellState(event) : this.#relay(event),
    ).catch(this.#onFault);
  }

  takePreview({ job, clientId, attempt, frame }: Preview): void {
    if (this.#running.get(job)?.attempt !== attempt) return;
    for (const socket of this.#sockets) {
      if (clientId === "" || socket.clientId === clientId) socket.sendPreview(frame);
    }
  }

  async #tellState(event: StateEvent): Promise<void> {
    const status: ComfyMessage = {
      type: "status",
      data: { status: { exec_info: { queue_remaining: event.remaining } } },
    };
    this.#running.delete(event.job);
    const waitedAgain = this.#requeued.delete(event.job);
    if (event.state === "running") {
      this.#running.set(event.job, new RunningJob(event.clientId, event.attempt));
    }
    if (event.reason === "requeued") this.#requeued.add(event.job);
    const nothingRuns: ComfyMessage = {
      type: "executing",
      data: { node: null, prompt_id: event.job },
    };
    if (!hasEndedRunning(event) || event.clientId === "") {
      this.#toAll(status);
      // Of a job that only waited ComfyUI says no more; an editor that saw it begin must see it go.
      if (waitedAgain && event.state === "cancelled") this.#toClient(event.clientId, nothingRuns);
      return;
    }
    const job = await this.#queue.job(event.job);
    const result = event.reason === "completed" ? undefined : await this.#queue.result(event.job);
    if (job) this.#toClient(event.clientId, endMessage(job, result));
    this.#toAll(status);
    this.#toClient(event.clientId, nothingRuns);
  }

  #relay(event: MessageEvent): void {
    const { type, data } = event.message;
    const isEnd = type === "executing" && (data["node"] ?? null) === null;
    if (GATEWAY_TYPES.has(type) || isEnd) return;
    // What comes after the end, or from an attempt that lost the job, would start the editor again.
    const run = this.#runOf(event);
    if (!run) return;
    run.remember(event.message);
    if (event.clientId !== "") this.#toClient(event.clientId, event.message);
    else if (BROADCAST_TYPES.has(type)) this.#toAll(event.message);
  }

  #runOf({ job, attempt }: MessageEvent): RunningJob | undefined {
    const run = this.#running.get(job);
    return run?.attempt === attempt ? run : undefined;
  }

  #toAll(message: ComfyMessage): void {
    for (const socket of this.#sockets) socket.send(message);
  }

  #toClient(clientId: string, message: ComfyMessage): void {
    for (const socket of this.#sockets) if (socket.clientId === clientId) socket.send(message);
  }

  #inOrder(step: () => Promise<void> | void): Promise<void> {
    const result = this.#steps.then(step);
    this.#steps = result.catch(() => undefined);
    return result;
  }
}

/** A job that waits and is cancelled has no end to tell. */
const hasEndedRunning = ({ reason, from }: StateEvent): boolean =>
  reason === "completed" || reason === "failed" || (reason === "cancelled" && from === "running");
