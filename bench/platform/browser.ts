/** A participant's browser as far as load goes: it loads the editor, submits and listens. */
import { setTimeout as pause } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { bundleDirectory } from "../../stacks/places.ts";
import type { Participant } from "./temporary-stack.ts";

/** What the editor asks for while it starts. */
const START_CALLS = [
  ...["api/users", "api/settings", "api/features", "api/system_stats", "api/object_info"],
  ...["api/i18n", "api/extensions", "api/queue", "api/history", "api/global_subgraphs"],
  ...["api/workflow_templates", "api/userdata?dir=workflows&recurse=true&full_info=true"],
  ...["templates/index.json", "user.css", "materialdesignicons.min.css"],
];

/** Files that a browser fetches at once. */
const CONNECTIONS = 6;

const messageSchema = z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) });
export type Message = z.infer<typeof messageSchema>;

export class Browser {
  readonly clientId: string = randomUUID();
  readonly #participant: Participant;
  readonly #socket: WebSocket;
  readonly #listeners = new Set<(message: Message) => void>();
  /** Told each binary frame. */
  onFrame: (frame: Buffer) => void = () => undefined;

  private constructor(participant: Participant) {
    this.#participant = participant;
    const url = new URL(`ws?clientId=${this.clientId}`, participant.url);
    url.protocol = "ws:";
    this.#socket = new WebSocket(url, { headers: this.#headers() });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }: { data: unknown }) => {
      if (data instanceof ArrayBuffer) return this.onFrame(Buffer.from(data));
      const message = messageSchema.parse(JSON.parse(String(data)));
      for (const listener of [...this.#listeners]) listener(message);
    });
  }

  /** Resolves when the gateway has greeted it. */
  static async open(participant: Participant): Promise<Browser> {
    const browser = new Browser(participant);
    await browser.heard(({ type }) => type === "status");
    return browser;
  }

  close(): void {
    this.#socket.close();
  }

  /** Calls back for every message from now on. */
  listen(listener: (message: Message) => void): void {
    this.#listeners.add(listener);
  }

  /** When a message of this kind came, on `performance.now()`'s clock. */
  async heard(wanted: (message: Message) => boolean): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const listener = (message: Message) => {
      if (wanted(message)) resolve(performance.now());
    };
    const late = setTimeout(() => reject(new Error("the awaited message did not come")), 30_000);
    this.#listeners.add(listener);
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      this.#listeners.delete(listener);
    }
  }

  /** Every script, style sheet and call of the editor: more than one visit asks for. */
  async loadEditor(comfyuiVersion: string): Promise<void> {
    const assets = readdirSync(path.join(bundleDirectory(comfyuiVersion), "assets"))
      .filter((file) => /\.(js|css)$/.test(file))
      .map((file) => `assets/${file}`);
    const waiting = ["", ...assets, ...START_CALLS];
    const fetchNext = async () => {
      for (let route = waiting.shift(); route !== undefined; route = waiting.shift()) {
        const answer = await fetch(new URL(route, this.#participant.url), {
          headers: this.#headers(),
        });
        await answer.arrayBuffer();
        // Files that a participant does not have (user.css) are asked for all the same.
        if (answer.status >= 400 && answer.status !== 404) {
          throw new Error(`${route} was answered with ${answer.status}`);
        }
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, fetchNext));
  }

  /** ms of an HTTP answer that the gateway has no work with: a page that does not exist. */
  async timeOfPlainAnswer(): Promise<number> {
    const start = performance.now();
    await (await fetch(new URL("/nothing", this.#participant.url))).arrayBuffer();
    return performance.now() - start;
  }

  /** Submits a graph; resolves when the gateway has accepted it. */
  async submit(prompt: unknown, id: string): Promise<void> {
    for (;;) {
      const answer = await fetch(new URL("prompt", this.#participant.url), {
        method: "POST",
        headers: { ...this.#headers(), "content-type": "application/json" },
        body: JSON.stringify({ prompt, prompt_id: id, client_id: this.clientId }),
      });
      const text = await answer.text();
      if (answer.ok) return;
      if (answer.status !== 429) throw new Error(`a graph was refused: ${text}`);
      await pause(500);
    }
  }

  /** Submits and waits for the job's end. */
  async render(prompt: unknown): Promise<void> {
    const id = randomUUID();
    const ended = this.heard((message) => isEnd(message, id));
    await Promise.all([this.submit(prompt, id), ended]);
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#participant.token}` };
  }
}

/** `executing` with node null: ComfyUI's sign that a job is over. */
export function isEnd({ type, data }: Message, id: string): boolean {
  return type === "executing" && data["node"] === null && data["prompt_id"] === id;
}
