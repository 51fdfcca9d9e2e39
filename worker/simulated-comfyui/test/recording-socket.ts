/** A WebSocket client that keeps what it hears, in order, binary frames taken apart. */
import { WebSocket } from "ws";

/** Longest wait for a message that has to come. */
const PATIENCE_MS = 10_000;

export class RecordingSocket {
  private readonly heard: unknown[] = [];
  private wake: (() => void) | undefined;
  private taken = 0;
  private readonly socket: WebSocket;
  /** Resolves when the connection ended, from whichever side. */
  readonly closed: Promise<void>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => socket.terminate());
    socket.on("message", (data, isBinary) => {
      const bytes = data as Buffer;
      this.heard.push(isBinary ? describeFrame(bytes) : (JSON.parse(String(bytes)) as unknown));
      this.wake?.();
    });
  }

  static async open(url: string, clientId: string): Promise<RecordingSocket> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws?clientId=${clientId}`);
    const recording = new RecordingSocket(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return recording;
  }

  /** The next message that was not taken yet. Rejects when none comes in time. */
  async next(): Promise<unknown> {
    if (this.taken >= this.heard.length) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("No further message came.")), PATIENCE_MS);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.taken += 1;
    return this.heard[this.taken - 1];
  }

  /** Takes messages until one is of this type and, where given, passes the test. */
  async until(
    type: string,
    test: (data: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const message = (await this.next()) as { type?: string; data?: Record<string, unknown> };
      if (message.type === type && message.data && test(message.data)) return message.data;
    }
  }

  /** Messages that came and were not taken. */
  get waiting(): readonly unknown[] {
    return this.heard.slice(this.taken);
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close();
    await this.closed;
  }
}

function describeFrame(frame: Buffer): unknown {
  const binary = frame.readUInt32BE(0);
  const word = frame.readUInt32BE(4);
  if (binary === 1) return { binary, image: imageKind(frame.subarray(8)) };
  const first = frame.subarray(8, 8 + word).toString();
  const rest = frame.subarray(8 + word);
  if (binary === 3) return { binary, node: first, text: rest.toString() };
  return { binary, metadata: JSON.parse(first) as unknown, image: imageKind(rest) };
}

const imageKind = (bytes: Buffer): string =>
  bytes.subarray(0, 2).toString("hex") === "ffd8" ? "jpeg" : "other";
