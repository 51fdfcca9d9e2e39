/**
 * One prompt from `POST /prompt` to its history entry, over one socket or, after a broken connection,
 * several in turn. Three facts about ComfyUI are dealt with here and nowhere else:
 * the history entry is certain only at `executing {"node":null}`; a clientId may have one socket at a
 * time; messages of the time between two sockets are lost, so the queue and the history are asked.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { HistoryEntry, SocketMessage } from "./answers.ts";
import type { ComfyuiClient, PromptRequest } from "./client.ts";
import { ComfyuiCrashedError, ComfyuiUnreachableError } from "./errors.ts";
import { ComfyuiSocket } from "./socket.ts";

export interface RunPromptOptions {
  /** A message of this prompt, except its end. */
  readonly onMessage: (message: SocketMessage) => void;
  readonly onFrame: (frame: Buffer) => void;
  /** Aborting stops the prompt in ComfyUI; the call then throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Called when the prompt did not stop within 30 s of being told to: ComfyUI is stuck in a node. */
  readonly onStuck?: () => void;
  readonly timeoutMs: number;
  /** How long ComfyUI may be gone in mid-job before it counts as crashed. Default 10 s. */
  readonly reconnectMs?: number;
}

const RETRY_MS = 250;
/** Without any message for this long, ComfyUI is asked whether the prompt still runs. */
const SILENCE_MS = 30_000;
/** Wait for a stopped prompt to end. A node that computes can't be interrupted before its next step. */
const STOP_MS = 30_000;
/** Wait for the history entry of a prompt that has ended. */
const HISTORY_MS = 5_000;

/**
 * Runs a prompt and returns its history entry, whether it succeeded or not.
 * Throws PromptRefusedError, ComfyuiCrashedError, or the reason of `signal`.
 */
export async function runPrompt(
  comfyui: ComfyuiClient,
  request: PromptRequest,
  options: RunPromptOptions,
): Promise<HistoryEntry> {
  const run = new PromptRun(comfyui, request, options);
  try {
    return await run.finish();
  } catch (error) {
    if (options.signal.aborted) {
      await run.stop();
      throw options.signal.reason;
    }
    if (error instanceof ComfyuiUnreachableError) {
      throw new ComfyuiCrashedError(error.message, { cause: error });
    }
    throw error;
  } finally {
    await run.close();
  }
}

class PromptRun {
  readonly #comfyui: ComfyuiClient;
  readonly #request: PromptRequest;
  readonly #options: RunPromptOptions;
  readonly #ended = Promise.withResolvers<void>();
  #socket: ComfyuiSocket | undefined;
  #closing = false;
  #lastHeard = Date.now();

  constructor(comfyui: ComfyuiClient, request: PromptRequest, options: RunPromptOptions) {
    this.#comfyui = comfyui;
    this.#request = request;
    this.#options = options;
    // It may reject before anybody waits for it.
    this.#ended.promise.catch(() => undefined);
  }

  async finish(): Promise<HistoryEntry> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    await this.#comfyui.forget(this.#request.promptId);
    await this.#connect();
    const silence = setInterval(() => {
      if (Date.now() - this.#lastHeard > SILENCE_MS) void this.#askPlace();
    }, SILENCE_MS / 3);
    try {
      await this.#comfyui.submit(this.#request);
      await untilAborted(this.#ended.promise, signal);
      return await this.#history();
    } catch (error) {
      // From the submit on, the prompt itself may be what took ComfyUI down.
      if (!(error instanceof ComfyuiUnreachableError)) throw error;
      throw new ComfyuiCrashedError("ComfyUI went away with the job.", { cause: error });
    } finally {
      clearInterval(silence);
    }
  }

  /** Stops the prompt and waits until ComfyUI is done with it, so that the next job finds a free GPU. */
  async stop(): Promise<void> {
    const deadline = Date.now() + STOP_MS;
    const { promptId } = this.#request;
    try {
      while (Date.now() < deadline) {
        // Repeated, because a prompt between "pending" and "running" is missed by both calls.
        await this.#comfyui.stop(promptId);
        const ended = this.#ended.promise.then(() => true).catch(() => true);
        if (await Promise.race([ended, sleep(RETRY_MS * 2, false)])) return;
        if ((await this.#comfyui.place(promptId)) !== "queued") return;
      }
      this.#options.onStuck?.();
    } catch {
      // A ComfyUI that can't be reached runs nothing that needs stopping.
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#socket?.close();
  }

  async #connect(): Promise<void> {
    const socket = await ComfyuiSocket.open(
      this.#comfyui.baseUrl,
      this.#request.clientId,
      this.#options.timeoutMs,
      { onMessage: (message) => this.#hear(message), onFrame: (frame) => this.#hearFrame(frame) },
    );
    this.#socket = socket;
    // The run may have been closed while this socket was being opened.
    if (this.#closing) await socket.close();
    void socket.closed.then(async () => {
      if (!this.#closing) await this.#reconnect();
    });
  }

  #hear(message: SocketMessage): void {
    // Prompts without a client_id (somebody else's, sent by hand) reach every socket.
    if (message.data["prompt_id"] !== this.#request.promptId) return;
    this.#lastHeard = Date.now();
    if (message.type === "executing" && message.data["node"] === null) {
      this.#ended.resolve();
    } else {
      this.#options.onMessage(message);
    }
  }

  #hearFrame(frame: Buffer): void {
    this.#lastHeard = Date.now();
    this.#options.onFrame(frame);
  }

  async #reconnect(): Promise<void> {
    const deadline = Date.now() + (this.#options.reconnectMs ?? 10_000);
    for (;;) {
      if (this.#closing) return;
      try {
        await this.#connect();
        await this.#askPlace();
        return;
      } catch {
        if (Date.now() > deadline) {
          this.#ended.reject(
            new ComfyuiCrashedError("ComfyUI ended while the job ran, and did not come back."),
          );
          return;
        }
        await sleep(RETRY_MS);
      }
    }
  }

  /** Ends the run when ComfyUI says that the prompt is over, or knows nothing of it. */
  async #askPlace(): Promise<void> {
    const { promptId } = this.#request;
    try {
      let place = await this.#comfyui.place(promptId);
      if (place === "unknown") {
        await sleep(RETRY_MS);
        place = await this.#comfyui.place(promptId);
      }
      if (place === "ended") this.#ended.resolve();
      if (place === "unknown") {
        this.#ended.reject(new ComfyuiCrashedError("ComfyUI restarted and lost the job."));
      }
    } catch {
      // A busy ComfyUI may be slow to answer; its socket and the time limits tell when it is gone.
    }
  }

  async #history(): Promise<HistoryEntry> {
    const deadline = Date.now() + HISTORY_MS;
    for (let wait = 20; ; wait = Math.min(wait * 2, 500)) {
      const entry = await this.#comfyui.history(this.#request.promptId);
      if (entry) return entry;
      if (Date.now() > deadline) {
        throw new ComfyuiCrashedError("ComfyUI ended the job without an entry in its history.");
      }
      await sleep(wait);
    }
  }
}

/** Resolves with the promise, or rejects with the signal's reason, whichever comes first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => {
    aborted.reject(new Error("aborted"));
  };
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
