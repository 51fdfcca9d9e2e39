/**
 * ComfyUI's HTTP side. Every call has one time-out for the first byte and between bytes, every JSON
 * answer is bounded and parsed. Knows nothing of jobs, queues or users.
 */
import { openAsBlob } from "node:fs";
import type { Readable } from "node:stream";
import type { OutputFile } from "@comfymulti/queue";
import { Agent, FormData, request } from "undici";
import type { Dispatcher } from "undici";
import type { z } from "zod";
import {
  historySchema,
  promptAcceptedSchema,
  promptRefusalSchema,
  queueSchema,
  systemStatsSchema,
  uploadedSchema,
} from "./answers.ts";
import type { HistoryEntry, SystemStats } from "./answers.ts";
import {
  ComfyuiAnswerError,
  ComfyuiUnreachableError,
  FileMissingError,
  PromptRefusedError,
} from "./errors.ts";
import { readText } from "./read-text.ts";

/** Largest JSON answer that is read. object_info of ComfyUI 0.11.1 is 0.8 MB; custom nodes add to it. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

export interface PromptRequest {
  /** Chosen by the worker: the job's id. */
  readonly promptId: string;
  /** WebSocket that gets the execution messages. */
  readonly clientId: string;
  readonly prompt: Readonly<Record<string, unknown>>;
  readonly extraData: Readonly<Record<string, unknown>>;
  /** Output nodes to run; empty runs every output. */
  readonly outputs: readonly string[];
}

/** Where ComfyUI has a prompt: waiting or running, in its history, or nowhere. */
export type PromptPlace = "queued" | "ended" | "unknown";

export class ComfyuiClient {
  readonly baseUrl: URL;
  readonly #agent: Agent;

  /** `timeoutMs`: longest wait for a connection, for the first byte, and between two pieces of an answer. */
  constructor(baseUrl: string, timeoutMs: number) {
    this.baseUrl = new URL(baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`);
    this.#agent = new Agent({
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  systemStats(): Promise<SystemStats> {
    return this.#json("GET", "system_stats", systemStatsSchema);
  }

  /** object_info as ComfyUI wrote it. */
  async objectInfoText(): Promise<string> {
    const { body } = await this.#send("GET", "object_info");
    return readText(body, MAX_JSON_BYTES);
  }

  /** Puts a prompt into ComfyUI's queue. Throws PromptRefusedError. */
  async submit(prompt: PromptRequest): Promise<void> {
    const answer = await this.#send(
      "POST",
      "prompt",
      {
        prompt: prompt.prompt,
        prompt_id: prompt.promptId,
        client_id: prompt.clientId,
        extra_data: prompt.extraData,
        ...(prompt.outputs.length > 0 && { partial_execution_targets: prompt.outputs }),
      },
      [200, 400, 500],
    );
    const text = await readText(answer.body, MAX_JSON_BYTES);
    if (answer.statusCode === 200) {
      parse(promptAcceptedSchema, text, "POST prompt");
    } else {
      throw new PromptRefusedError(refusal(text));
    }
  }

  async place(promptId: string): Promise<PromptPlace> {
    const queue = await this.#json("GET", "queue", queueSchema);
    const queued = [...queue.queue_running, ...queue.queue_pending];
    if (queued.some((item) => item[1] === promptId)) return "queued";
    return (await this.history(promptId)) ? "ended" : "unknown";
  }

  async history(promptId: string): Promise<HistoryEntry | undefined> {
    const path = `history/${encodeURIComponent(promptId)}`;
    return (await this.#json("GET", path, historySchema))[promptId];
  }

  /** Forgets an earlier run under this prompt_id, so that its history is not taken for the next one's. */
  async forget(promptId: string): Promise<void> {
    await this.#post("history", { delete: [promptId] });
  }

  /** Takes a prompt out of ComfyUI's queue, or interrupts it when it runs. Touches no other prompt. */
  async stop(promptId: string): Promise<void> {
    await this.#post("queue", { delete: [promptId] });
    await this.#post("interrupt", { prompt_id: promptId });
  }

  async free(unloadModels: boolean, freeMemory: boolean): Promise<void> {
    await this.#post("free", { unload_models: unloadModels, free_memory: freeMemory });
  }

  /** The bytes of a file that ComfyUI made. Throws FileMissingError. */
  async view(file: OutputFile): Promise<Readable> {
    const query = new URLSearchParams({ ...file });
    const answer = await this.#send(
      "GET",
      `view?${query.toString()}`,
      undefined,
      [200, 400, 403, 404],
    );
    if (answer.statusCode === 200) return answer.body;
    await answer.body.dump();
    throw new FileMissingError(
      `ComfyUI no longer has the ${file.type} file ${file.subfolder}/${file.filename}.`,
    );
  }

  /** Stores a file from this machine's disk in ComfyUI's input folder. Returns its name there. */
  async uploadInput(path: string, filename: string, subfolder: string): Promise<string> {
    const form = new FormData();
    form.set("image", await openAsBlob(path), filename);
    form.set("type", "input");
    form.set("subfolder", subfolder);
    form.set("overwrite", "true");
    const answer = await this.#send("POST", "upload/image", form, [200, 400]);
    const text = await readText(answer.body, MAX_JSON_BYTES);
    if (answer.statusCode !== 200) {
      throw new FileMissingError(`ComfyUI refused the input file ${filename}.`);
    }
    const stored = parse(uploadedSchema, text, "POST upload/image");
    return stored.subfolder === "" ? stored.name : `${stored.subfolder}/${stored.name}`;
  }

  /** One call whose answer is text, for the parts of ComfyUI's API that have a file of their own. */
  async call(
    method: "GET" | "POST",
    path: string,
    { body, expected }: { readonly body?: string; readonly expected: readonly number[] },
  ): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await this.#send(method, path, body, expected);
    return { status: answer.statusCode, text: await readText(answer.body, MAX_JSON_BYTES) };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #json<T>(method: "GET", path: string, schema: z.ZodType<T>): Promise<T> {
    const { body } = await this.#send(method, path);
    return parse(schema, await readText(body, MAX_JSON_BYTES), `${method} ${path}`);
  }

  async #post(path: string, body: object): Promise<void> {
    const answer = await this.#send("POST", path, body);
    await answer.body.dump();
  }

  async #send(
    method: "GET" | "POST",
    path: string,
    body?: object | string,
    expected: readonly number[] = [200],
  ): Promise<Dispatcher.ResponseData> {
    const url = new URL(path, this.baseUrl);
    const route = `${method} ${url.pathname}`;
    const form = body instanceof FormData;
    const content = form || typeof body !== "object" ? body : JSON.stringify(body);
    let answer;
    try {
      answer = await request(url, {
        method,
        dispatcher: this.#agent,
        ...(content !== undefined && { body: content }),
        ...(content !== undefined && !form && { headers: { "content-type": "application/json" } }),
      });
    } catch (error) {
      throw new ComfyuiUnreachableError(
        `ComfyUI at ${this.baseUrl.href} did not answer ${route}: ${reason(error)}.`,
        { cause: error },
      );
    }
    if (expected.includes(answer.statusCode)) return answer;
    await answer.body.dump();
    throw new ComfyuiAnswerError(`ComfyUI answered ${route} with status ${answer.statusCode}.`);
  }
}

const reason = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : "connection failed";

function parse<T>(schema: z.ZodType<T>, text: string, route: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ComfyuiAnswerError(`ComfyUI answered ${route} with something that is not JSON.`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ComfyuiAnswerError(
    `ComfyUI answered ${route} in an unknown form: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}.`,
  );
}

/** A bare 500 to `POST /prompt` means that ComfyUI could not read the graph: no JSON comes with it. */
function refusal(text: string) {
  try {
    return promptRefusalSchema.parse(JSON.parse(text));
  } catch {
    return {
      error: { type: "invalid_prompt", message: "ComfyUI could not read the graph", details: "" },
      node_errors: {},
    };
  }
}
