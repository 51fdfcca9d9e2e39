/**
 * One browser's WebSocket. Sending never waits and never piles up: a browser that is slow loses
 * pictures first, then progress, then the connection, after which it comes back by itself.
 */
import type { WebSocket } from "ws";
import { z } from "zod";
import type { ComfyMessage } from "../comfyui/end-messages.ts";
import { features } from "../comfyui/features.ts";
import { withoutMetadata } from "../comfyui/preview-frame.ts";
import { SOCKET_BUFFER } from "../limits.ts";

/** What can be left out without the editor showing something wrong. */
const PROGRESS_TYPES = new Set(["progress", "progress_state"]);

/** 1013, "try again later". */
const TRY_AGAIN_LATER = 1013;

const clientMessageSchema = z.object({
  type: z.literal("feature_flags"),
  data: z.record(z.string(), z.unknown()),
});

export class ClientSocket {
  /** ComfyUI's client id: jobs submitted under it send their messages here. */
  readonly clientId: string;
  readonly #socket: WebSocket;
  #supportsPreviewMetadata = false;
  #answeredPing = true;

  constructor(socket: WebSocket, clientId: string) {
    this.clientId = clientId;
    this.#socket = socket;
    socket.on("pong", () => {
      this.#answeredPing = true;
    });
  }

  /** Takes a message from the browser; only the feature flags mean something. */
  receive(text: string): void {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return;
    }
    const parsed = clientMessageSchema.safeParse(json);
    if (!parsed.success) return;
    this.#supportsPreviewMetadata = parsed.data.data["supports_preview_metadata"] === true;
    this.send({ type: "feature_flags", data: features });
  }

  send(message: ComfyMessage): void {
    const waiting = this.#socket.bufferedAmount;
    if (waiting > SOCKET_BUFFER.close) {
      this.#socket.terminate();
      return;
    }
    if (waiting > SOCKET_BUFFER.progress && PROGRESS_TYPES.has(message.type)) return;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Sends a binary frame in the form that this client understands. */
  sendPreview(frame: Buffer): void {
    if (this.#socket.bufferedAmount > SOCKET_BUFFER.previews) return;
    const understood = this.#supportsPreviewMetadata ? frame : withoutMetadata(frame);
    if (understood && this.#socket.readyState === this.#socket.OPEN) this.#socket.send(understood);
  }

  /** Asks whether the other end is still there; ends the socket when the last ping got no answer. */
  ping(): void {
    if (!this.#answeredPing) {
      this.#socket.terminate();
      return;
    }
    this.#answeredPing = false;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  closeForNow(reason: string): void {
    this.#socket.close(TRY_AGAIN_LATER, reason);
  }
}
