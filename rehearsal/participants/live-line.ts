/**
 * The WebSocket of a participant's page, as the official editor opens it: the first time without a
 * client id, which the server then gives; under that id again after a reload and whenever the
 * connection broke off.
 */
import { setTimeout as pause } from "node:timers/promises";
import WebSocket from "ws";
import { z } from "zod";
import { jsonOf } from "./answers.ts";
import type { Session } from "./session.ts";

/** Before a broken connection is opened again, ms: the editor's own pause, and the longest. */
const RECONNECT_MS = { first: 300, last: 5000 };
const HANDSHAKE_MS = 30_000;
/** Largest frame that is taken, bytes: a preview picture is some KB. */
const FRAME_BYTES = 32 * 1024 * 1024;

const messageSchema = z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) });
export type LiveMessage = z.infer<typeof messageSchema>;

/** What the editor says first. */
const FEATURE_FLAGS = {
  type: "feature_flags",
  data: { supports_preview_metadata: true, supports_manager_v4_ui: true },
};

export interface LiveLineOptions {
  readonly session: Session;
  readonly onMessage: (message: LiveMessage) => void;
  /** A preview picture, or text, of a running node. */
  readonly onFrame: () => void;
  /** It broke off without having been asked to, and is open again. */
  readonly onReconnect: () => void;
  readonly signal: AbortSignal;
}

export class LiveLine {
  readonly #options: LiveLineOptions;
  #socket: WebSocket | undefined;
  #clientId: string | undefined;
  /** Counts the calls of `#insist`: only the last one goes on. */
  #calls = 0;

  private constructor(options: LiveLineOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.close(), { once: true });
  }

  /** Resolves once the server has greeted it. Tries until the signal says stop. */
  static async open(options: LiveLineOptions): Promise<LiveLine> {
    const line = new LiveLine(options);
    await line.#insist();
    return line;
  }

  /** By which the server knows this page. */
  get clientId(): string {
    return this.#clientId ?? "";
  }

  /** Drops the connection as a reloaded page does, and opens it again. */
  async reload(): Promise<void> {
    this.close();
    await this.#insist();
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.terminate();
  }

  async #insist(): Promise<void> {
    const { signal } = this.#options;
    const call = ++this.#calls;
    for (let waitMs = RECONNECT_MS.first; ; waitMs = Math.min(waitMs * 2, RECONNECT_MS.last)) {
      signal.throwIfAborted();
      if (await this.#connect()) return;
      if (call !== this.#calls) return;
      await pause(waitMs, undefined, { signal });
    }
  }

  /** True once the first message has come; false when there is no connection. */
  #connect(): Promise<boolean> {
    const { session } = this.#options;
    const address = new URL("ws", session.address);
    address.protocol = address.protocol.replace("http", "ws");
    if (this.#clientId !== undefined) address.searchParams.set("clientId", this.#clientId);
    const socket = new WebSocket(address, {
      headers: session.headers,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: FRAME_BYTES,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    return new Promise((resolve) => {
      let greeted = false;
      socket.on("open", () => socket.send(JSON.stringify(FEATURE_FLAGS)));
      socket.on("message", (data, isBinary) => {
        if (isBinary) return this.#options.onFrame();
        const message = messageSchema.safeParse(jsonOf((data as Buffer).toString("utf8")));
        if (!message.success) return;
        const { sid } = message.data.data;
        if (typeof sid === "string") this.#clientId = sid;
        greeted = true;
        resolve(true);
        this.#options.onMessage(message.data);
      });
      // "close" follows and says the same.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        resolve(false);
        if (greeted && this.#socket === socket) void this.#comeBack();
      });
    });
  }

  async #comeBack(): Promise<void> {
    try {
      await pause(RECONNECT_MS.first, undefined, { signal: this.#options.signal });
      if (this.#socket === undefined) return;
      await this.#insist();
      this.#options.onReconnect();
    } catch {
      // The run was stopped.
    }
  }
}
