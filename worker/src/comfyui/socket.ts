/**
 * One WebSocket to ComfyUI under one clientId. Never open a second one with the same clientId before
 * `closed` has resolved: ComfyUI then forgets the new one when the old one ends (measured).
 */
import { once } from "node:events";
import { WebSocket } from "ws";
import { socketMessageSchema } from "./answers.ts";
import type { SocketMessage } from "./answers.ts";
import { ComfyuiUnreachableError } from "./errors.ts";

const MAX_FRAME_BYTES = 64 * 1024 * 1024;
/** After this long a socket that does not answer the close handshake is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface SocketHandlers {
  readonly onMessage: (message: SocketMessage) => void;
  /** The whole binary frame, event type included. */
  readonly onFrame: (frame: Buffer) => void;
}

export class ComfyuiSocket {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, handlers: SocketHandlers) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        resolve();
      });
    });
    // `close` always follows; without a listener an `error` would end the process.
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        handlers.onFrame(data);
      } else {
        const message = parseMessage(data);
        if (message) handlers.onMessage(message);
      }
    });
  }

  /** Connects and asks for previews with metadata. Throws ComfyuiUnreachableError. */
  static async open(
    baseUrl: URL,
    clientId: string,
    timeoutMs: number,
    handlers: SocketHandlers,
  ): Promise<ComfyuiSocket> {
    const url = new URL("ws", baseUrl);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("clientId", clientId);
    const socket = new WebSocket(url, {
      handshakeTimeout: timeoutMs,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    const opened = new ComfyuiSocket(socket, handlers);
    try {
      await once(socket, "open");
    } catch (error) {
      throw new ComfyuiUnreachableError(
        `ComfyUI at ${baseUrl.href} did not open a WebSocket: ${error instanceof Error ? error.message : "failed"}.`,
        { cause: error },
      );
    }
    const flags = { type: "feature_flags", data: { supports_preview_metadata: true } };
    socket.send(JSON.stringify(flags));
    return opened;
  }

  /** Closes and waits until the connection has ended. */
  async close(): Promise<void> {
    this.#socket.close();
    const cut = setTimeout(() => {
      this.#socket.terminate();
    }, CLOSE_TIMEOUT_MS);
    await this.closed;
    clearTimeout(cut);
  }
}

function parseMessage(data: Buffer): SocketMessage | undefined {
  try {
    return socketMessageSchema.parse(JSON.parse(data.toString("utf8")));
  } catch {
    // A custom node may send anything; what is not a message of ComfyUI's form is nothing to relay.
    return undefined;
  }
}
