/** A small client for tests: starts a simulator in a folder of its own, queues graphs, waits for the end. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "vitest";
import { z } from "zod";
import { createSimulatedComfyui } from "../src/index.ts";
import type { SimulatedComfyui, SimulatedComfyuiOptions } from "../src/index.ts";
import { RecordingSocket } from "./recording-socket.ts";

const CLIENT = "test-client";

const historyEntry = z.object({
  outputs: z.record(z.string(), z.record(z.string(), z.array(z.unknown()))),
  status: z.object({
    status_str: z.string(),
    completed: z.boolean(),
    messages: z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())])),
  }),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

const file = z.object({ filename: z.string(), subfolder: z.string(), type: z.string() });

/** Graphs as tests write them: `class_type` and inputs. */
export type TestGraph = Record<string, { class_type: string; inputs: Record<string, unknown> }>;

export class TestClient {
  readonly comfyui: SimulatedComfyui;
  readonly socket: RecordingSocket;
  readonly directory: string;

  private constructor(comfyui: SimulatedComfyui, socket: RecordingSocket, directory: string) {
    this.comfyui = comfyui;
    this.socket = socket;
    this.directory = directory;
  }

  /** Starts a simulator that ends with the test. A thousand simulated seconds pass in a real one. */
  static async start(
    { onTestFinished }: Pick<TestContext, "onTestFinished">,
    options: Omit<SimulatedComfyuiOptions, "dataDirectory"> = {},
  ): Promise<TestClient> {
    const directory = await mkdtemp(path.join(os.tmpdir(), "simulated-comfyui-"));
    const comfyui = await createSimulatedComfyui({
      dataDirectory: directory,
      speed: 1000,
      testNodes: true,
      ...options,
    });
    const socket = await RecordingSocket.open(comfyui.url, CLIENT);
    onTestFinished(async () => {
      await socket.close();
      await comfyui.close();
      await rm(directory, { recursive: true });
    });
    return new TestClient(comfyui, socket, directory);
  }

  get url(): string {
    return this.comfyui.url;
  }

  post(route: string, body: unknown): Promise<Response> {
    return fetch(this.url + route, { method: "POST", body: JSON.stringify(body) });
  }

  /** Queues a graph; the prompt's id. Throws with the refusal when there is one. */
  async queue(prompt: unknown): Promise<string> {
    const response = await this.post("/prompt", { prompt, client_id: CLIENT });
    if (response.status !== 200) throw new Error(await response.text());
    return z.object({ prompt_id: z.string() }).parse(await response.json()).prompt_id;
  }

  /** Queues a graph and waits for its end. */
  async run(prompt: unknown): Promise<HistoryEntry> {
    const id = await this.queue(prompt);
    await this.socket.until("executing", (data) => data["node"] === null);
    const history: unknown = await (await fetch(`${this.url}/history/${id}`)).json();
    const entry = z.record(z.string(), historyEntry).parse(history)[id];
    if (!entry) throw new Error("The prompt is not in the history.");
    return entry;
  }

  /** The bytes of the files that a node showed, by way of the disk. */
  async files(entry: HistoryEntry, node: string): Promise<{ name: string; bytes: Buffer }[]> {
    const items = z.array(file).parse(entry.outputs[node]?.["images"]);
    return Promise.all(
      items.map(async ({ filename, subfolder, type }) => ({
        name: path.posix.join(subfolder, filename),
        bytes: await readFile(path.join(this.directory, type, subfolder, filename)),
      })),
    );
  }
}

/** The message of the history with which a prompt ended. */
export const ending = (entry: HistoryEntry): [string, Record<string, unknown>] =>
  entry.status.messages.at(-1) ?? ["", {}];
