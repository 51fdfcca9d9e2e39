/** All WebSockets of this replica: which users it listens for, and keeping the sockets alive. */
import { randomUUID } from "node:crypto";
import type { QueueContract, Subscription, UserId } from "@comfymulti/queue";
import type { FastifyBaseLogger } from "fastify";
import type { WebSocket } from "ws";
import { ANNOUNCEMENT_TYPE } from "../editor-extension/index.ts";
import { SOCKET_PING_MS, SOCKETS_PER_USER } from "../limits.ts";
import { ClientSocket } from "./client-socket.ts";
import { UserChannel } from "./user-channel.ts";

interface OpenChannel {
  readonly channel: UserChannel;
  readonly started: Promise<void>;
  /** Sockets that joined or are about to. */
  members: number;
}

export class SocketHub {
  readonly #queue: QueueContract;
  readonly #log: FastifyBaseLogger;
  readonly #channels = new Map<UserId, OpenChannel>();
  readonly #pings: NodeJS.Timeout;
  #subscription: Promise<Subscription> | undefined;
  #announcement = "";

  constructor(queue: QueueContract, log: FastifyBaseLogger) {
    this.#queue = queue;
    this.#log = log;
    this.#pings = setInterval(() => {
      for (const { channel } of this.#channels.values()) {
        for (const socket of channel.sockets) socket.ping();
      }
    }, SOCKET_PING_MS);
    this.#pings.unref();
  }

  /** Open sockets of all users. */
  get size(): number {
    return [...this.#channels.values()].reduce((sum, { channel }) => sum + channel.size, 0);
  }

  /**
   * Takes a user's new WebSocket. Without a client id of its own the socket gets one, which the
   * browser learns from the first status message and keeps.
   */
  accept(user: UserId, raw: WebSocket, clientId: string | undefined): void {
    const socket = new ClientSocket(raw, clientId ?? randomUUID().replaceAll("-", ""));
    const joined = this.#join(user, socket);
    // A handler from the first moment on: what the browser says at once is answered after the greeting.
    raw.on("message", (data, isBinary) => {
      if (isBinary || !Buffer.isBuffer(data)) return;
      const text = data.toString("utf8");
      joined.then(
        () => socket.receive(text),
        () => undefined,
      );
    });
    raw.on("error", (error) => {
      this.#log.debug({ user, err: error }, "socket failed");
    });
    raw.once("close", () => {
      void joined.catch(() => undefined).then(() => this.#leave(user, socket));
    });
    joined.catch((error: unknown) => {
      this.#log.warn({ user, err: error }, "socket refused");
      socket.closeForNow("The queue is not reachable; the page connects again by itself.");
    });
  }

  /** Shows it in every editor, open now or later; undefined takes it back. */
  announce(text: string | undefined): void {
    if ((text ?? "") === this.#announcement) return;
    this.#announcement = text ?? "";
    for (const { channel } of this.#channels.values()) {
      for (const socket of channel.sockets) this.#tellAnnouncement(socket);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#pings);
    const subscription = await this.#subscription?.catch(() => undefined);
    await subscription?.close();
  }

  async #join(user: UserId, socket: ClientSocket): Promise<void> {
    const open = this.#channels.get(user) ?? this.#open(user);
    open.members += 1;
    if (open.members > SOCKETS_PER_USER) throw new Error("too many sockets of one user");
    await open.started;
    await open.channel.join(socket);
    if (this.#announcement !== "") this.#tellAnnouncement(socket);
  }

  #tellAnnouncement(socket: ClientSocket): void {
    socket.send({ type: ANNOUNCEMENT_TYPE, data: { text: this.#announcement } });
  }

  #leave(user: UserId, socket: ClientSocket): void {
    const open = this.#channels.get(user);
    if (!open) return;
    open.channel.leave(socket);
    open.members -= 1;
    if (open.members > 0) return;
    this.#channels.delete(user);
    this.#subscribed()
      .then(async (subscription) => {
        // Another socket may have come meanwhile.
        if (!this.#channels.has(user)) await subscription.remove(user);
      })
      .catch((error: unknown) => this.#log.warn({ user, err: error }, "unsubscribe failed"));
  }

  #open(user: UserId): OpenChannel {
    const channel = new UserChannel(this.#queue, user, (error) =>
      this.#log.warn({ user, err: error }, "an event could not be told"),
    );
    const started = this.#subscribed()
      .then((subscription) => subscription.add(user))
      .then(() => channel.start());
    const open = { channel, started, members: 0 };
    this.#channels.set(user, open);
    return open;
  }

  #subscribed(): Promise<Subscription> {
    this.#subscription ??= this.#queue
      .subscribe({
        onEvent: (user, event, id) => this.#channels.get(user)?.channel.take(event, id),
        onPreview: (user, preview) => this.#channels.get(user)?.channel.takePreview(preview),
      })
      .catch((error: unknown) => {
        this.#subscription = undefined;
        throw error;
      });
    return this.#subscription;
  }
}
