/**
 * Everything that one user's browsers are told, in order. The worker tells how a job runs; the end
 * of a job is told here, from the queue's own state change, so that it comes exactly once.
 */
import type {
  JobId,
  MessageEvent,
  Preview,
  QueueContract,
  StateEvent,
  UserEvent,
  UserId,
} from "@comfymulti/queue";
import { endMessage, type ComfyMessage } from "../comfyui/end-messages.ts";
import type { ClientSocket } from "./client-socket.ts";

/** The gateway's own words; a worker that relays them by mistake is not believed. */
const GATEWAY_TYPES = new Set([
  "execution_success",
  "execution_error",
  "execution_interrupted",
  "status",
]);

/** ComfyUI sends these of a prompt without client_id to every socket, and nothing else of it. */
const BROADCAST_TYPES = new Set(["progress", "progress_state"]);

interface RunningJob {
  readonly clientId: string;
  readonly attempt: number;
  /** Node that runs now, for a browser that connects in mid-job. */
  node?: string;
}

export class UserChannel {
  readonly #queue: QueueContract;
  readonly #user: UserId;
  readonly #sockets = new Set<ClientSocket>();
  readonly #running = new Map<JobId, RunningJob>();
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
      for (const { id, clientId, attempt } of jobs) this.#running.set(id, { clientId, attempt });
      if (jobs.length === 0) return;
      for (const { event } of await this.#queue.eventsSince(this.#user, "0")) {
        if (event.kind === "message") this.#rememberNode(event);
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
        if (job.clientId === socket.clientId && job.node !== undefined) {
          socket.send({ type: "executing", data: { node: job.node } });
        }
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
      if (this.#lastEventId !== undefined && !isLater(id, this.#lastEventId)) return;
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
    const wasRunning = this.#running.delete(event.job);
    if (event.state === "running") {
      this.#running.set(event.job, { clientId: event.clientId, attempt: event.attempt });
    }
    const ended =
      event.reason === "completed" ||
      event.reason === "failed" ||
      (event.reason === "cancelled" && wasRunning);
    if (!ended || event.clientId === "") {
      this.#toAll(status);
      return;
    }
    const job = await this.#queue.job(event.job);
    const result = event.reason === "completed" ? undefined : await this.#queue.result(event.job);
    if (job) this.#toClient(event.clientId, endMessage(job, result));
    this.#toAll(status);
    this.#toClient(event.clientId, {
      type: "executing",
      data: { node: null, prompt_id: event.job },
    });
  }

  #relay(event: MessageEvent): void {
    const { type, data } = event.message;
    const isEnd = type === "executing" && (data["node"] ?? null) === null;
    if (GATEWAY_TYPES.has(type) || isEnd) return;
    // What comes after the end, or from an attempt that lost the job, would start the editor again.
    if (this.#running.get(event.job)?.attempt !== event.attempt) return;
    this.#rememberNode(event);
    if (event.clientId !== "") this.#toClient(event.clientId, event.message);
    else if (BROADCAST_TYPES.has(type)) this.#toAll(event.message);
  }

  #rememberNode({ job, message }: MessageEvent): void {
    const running = this.#running.get(job);
    const node = message.data["node"];
    if (running && message.type === "executing" && typeof node === "string") running.node = node;
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

/** Redis stream ids are `milliseconds-sequence`. */
function isLater(id: string, than: string): boolean {
  const [time = 0, sequence = 0] = id.split("-").map(Number);
  const [thanTime = 0, thanSequence = 0] = than.split("-").map(Number);
  return time > thanTime || (time === thanTime && sequence > thanSequence);
}
