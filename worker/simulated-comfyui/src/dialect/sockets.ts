/**
 * ComfyUI's WebSockets: who is connected, and who hears what.
 *
 * One trap is kept on purpose (measured): sockets are known by client id alone, so when two use the
 * same one, the older one's closing makes the server forget the newer one too.
 */
import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import { z } from "zod";
import type { Executor } from "../execution/executor.ts";
import type { ExecutionListener } from "../execution/prompt-run.ts";
import { imagePreviewFrame, metadataPreviewFrame, textFrame } from "./frames.ts";

/** What ComfyUI says it can do, on `GET /features` and on the WebSocket. */
export const serverFeatures = {
  supports_preview_metadata: true,
  max_upload_size: 100 * 1024 * 1024,
  extension: { manager: { supports_v4: true } },
} as const;

const featureFlagsSchema = z.object({
  type: z.literal("feature_flags"),
  data: z.record(z.string(), z.unknown()),
});

interface Client {
  readonly socket: WebSocket;
  /** Only after it said so in its first message. */
  previewMetadata: boolean;
}

export class Sockets implements ExecutionListener {
  private readonly clients = new Map<string, Client>();
  private readonly remaining: () => number;
  private readonly running: () => Executor["current"];

  constructor(remaining: () => number, running: () => Executor["current"]) {
    this.remaining = remaining;
    this.running = running;
  }

  /** Takes a new connection. Without a client id it gets one, which `sid` tells it. */
  connect(socket: WebSocket, clientId: string): void {
    const sid = clientId === "" ? randomUUID().replaceAll("-", "") : clientId;
    const client: Client = { socket, previewMetadata: false };
    this.clients.set(sid, client);
    write(socket, "status", { ...this.status(), sid });
    const running = this.running();
    if (running?.clientId === sid) write(socket, "executing", { node: running.node });

    socket.once("message", (message) =>
      this.readFeatures(sid, client, Buffer.from(message as Buffer).toString("utf8")),
    );
    socket.on("close", () => this.clients.delete(sid));
    socket.on("error", () => socket.terminate());
  }

  /** `status` to every socket. */
  sendStatus(): void {
    this.send(undefined, "status", this.status());
  }

  send(clientId: string | undefined, type: string, data: Readonly<Record<string, unknown>>): void {
    for (const { socket } of this.hearing(clientId)) write(socket, type, data);
  }

  /** The new form goes before `progress`, the old one after it; without a client, always the old. */
  preview(
    clientId: string | undefined,
    jpeg: Buffer,
    identity: Readonly<Record<string, unknown>>,
    sendProgress: () => void,
  ): void {
    const client = clientId === undefined ? undefined : this.clients.get(clientId);
    if (client?.previewMetadata) {
      client.socket.send(metadataPreviewFrame({ ...identity, image_type: "image/jpeg" }, jpeg));
      sendProgress();
      return;
    }
    sendProgress();
    for (const { socket } of this.hearing(clientId)) socket.send(imagePreviewFrame(jpeg));
  }

  text(node: string, text: string): void {
    for (const { socket } of this.clients.values()) socket.send(textFrame(node, text));
  }

  private hearing(clientId: string | undefined): Client[] {
    if (clientId === undefined) return [...this.clients.values()];
    const client = this.clients.get(clientId);
    return client ? [client] : [];
  }

  private status() {
    return { status: { exec_info: { queue_remaining: this.remaining() } } };
  }

  private readFeatures(sid: string, client: Client, text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return; // ComfyUI logs it and goes on
    }
    const parsed = featureFlagsSchema.safeParse(message);
    if (!parsed.success || this.clients.get(sid) !== client) return;
    client.previewMetadata = parsed.data.data["supports_preview_metadata"] === true;
    write(client.socket, "feature_flags", serverFeatures);
  }
}

function write(socket: WebSocket, type: string, data: Readonly<Record<string, unknown>>): void {
  socket.send(JSON.stringify({ type, data }));
}
