/**
 * Replays a recorded conversation with real ComfyUI against the simulator: makes the same requests,
 * waits for the same messages on the same sockets, and compares after taking out what differs from
 * run to run (ids, times, numbers, counters, tracebacks, tensors).
 */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { z } from "zod";
import { RecordingSocket } from "./recording-socket.ts";

const entrySchema = z.union([
  z.object({ request: z.tuple([z.string(), z.string()]), body: z.unknown().optional() }),
  z.object({
    status: z.number(),
    type: z.string().nullable(),
    body: z.unknown().optional(),
    cut: z.boolean().optional(),
  }),
  z.object({ socket: z.string(), received: z.unknown() }),
  z.object({ socket: z.string(), sent: z.unknown() }),
  z.object({ note: z.string() }),
]);
export type TranscriptEntry = z.infer<typeof entrySchema>;

/** Reads a recording from `fixtures/transcripts`. */
export function readTranscript(name: string): TranscriptEntry[] {
  const file = new URL(`../fixtures/transcripts/${name}.json`, import.meta.url);
  return z.array(entrySchema).parse(JSON.parse(readFileSync(file, "utf8")));
}

const TIMES = new Set(["timestamp", "create_time", "execution_start_time", "execution_end_time"]);

const PROGRESS_KEYS = [
  "display_node_id",
  "max",
  "node_id",
  "parent_node_id",
  "prompt_id",
  "real_node_id",
  "state",
  "value",
];

/** Ids of prompts in the order in which they appear, as the recording numbers them. */
export class PromptNames {
  private readonly names = new Map<string, string>();

  inText(text: string): string {
    return text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
      const name = this.names.get(id) ?? `<prompt-${this.names.size + 1}>`;
      this.names.set(id, name);
      return name;
    });
  }

  /** The id behind a name; one that was not seen yet is a name that the client chooses. */
  behind(text: string): string {
    return text.replace(/<prompt-(\d+)>/g, (name, number: string) => {
      const known = [...this.names].find(([, other]) => other === name)?.[0];
      if (known !== undefined) return known;
      const chosen = `00000000-0000-4000-8000-${number.padStart(12, "0")}`;
      this.names.set(chosen, name);
      return chosen;
    });
  }
}

/** Takes out what differs from run to run. */
export function normalize(value: unknown, names: PromptNames, key = ""): unknown {
  if (TIMES.has(key)) return "<time>";
  if (key === "number" || key === "priority") return "<number>";
  if (key === "traceback") return "<traceback>";
  // A Python set: its order says nothing.
  if (key === "current_outputs") return (value as string[]).toSorted();
  if (Array.isArray(value)) {
    const items: unknown[] = isQueueTuple(value) ? ["<number>", ...value.slice(1)] : value;
    return items.map((item) => normalize(item, names, key));
  }
  if (typeof value === "object" && value !== null) {
    if (key === "nodes") return Object.fromEntries(Object.entries(value).map(shortProgress));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        names.inText(name),
        normalize(item, names, name),
      ]),
    );
  }
  if (typeof value !== "string") return value;
  if (value.startsWith("tensor(")) return "<tensor>";
  return names.inText(value).replace(/_\d{5}_/g, "_<counter>_");
}

const isQueueTuple = (value: unknown[]): boolean =>
  value.length === 5 && typeof value[0] === "number" && Array.isArray(value[4]);

/** A node's entry in progress_state; the recording was checked to have these keys everywhere. */
function shortProgress([node, progress]: [string, unknown]): [string, unknown] {
  const entry = progress as Record<string, unknown>;
  if (!("state" in entry)) return [node, entry];
  expect(Object.keys(entry).sort()).toEqual(PROGRESS_KEYS);
  return [node, [entry["value"], entry["max"], entry["state"]]];
}

/** How a test meets what a recording leaves out, by the text of a note or by request. */
export interface ReplayOptions {
  /** A body for requests that were recorded without theirs (`POST /prompt`). */
  bodyOf?(method: string, path: string): RequestInit | undefined;
  /** Compares an answer's body. Default: equality after normalising. */
  compareBody?(recorded: unknown, answered: unknown, what: string): void;
  /** Headers of the requests that follow a note. */
  headersAfter?(note: string): Record<string, string> | undefined;
}

/** Runs the whole recording. Sockets named in it are opened as they were: A, B, and A2 on its note. */
export async function replay(
  url: string,
  entries: readonly TranscriptEntry[],
  options: ReplayOptions = {},
): Promise<void> {
  const names = new PromptNames();
  const sockets = new Map<string, RecordingSocket>();
  const clientIds: Record<string, string> = {
    A: "gw-6590d5e4",
    A2: "gw-6590d5e4",
    B: "other-client",
  };
  const open = async (name: string): Promise<void> => {
    sockets.set(name, await RecordingSocket.open(url, clientIds[name] ?? name));
  };
  const used = new Set(entries.flatMap((entry) => ("socket" in entry ? [entry.socket] : [])));
  for (const name of used) if (name !== "A2") await open(name);

  let headers: Record<string, string> = {};
  let answer: { response: Response; what: string } | undefined;
  try {
    for (const entry of entries) {
      if ("note" in entry) {
        headers = options.headersAfter?.(entry.note) ?? headers;
        if (entry.note.startsWith("A2 opens")) await open("A2");
        if (entry.note.startsWith("A2 frames after")) {
          expect(sockets.get("A2")?.waiting, entry.note).toEqual([]);
        }
        if (entry.note.startsWith("A (old) closes")) await sockets.get("A")?.close();
      } else if ("request" in entry) {
        answer = await request(url, entry, names, headers, options);
      } else if ("status" in entry) {
        if (!answer) throw new Error("The recording answers what nobody asked.");
        await compareAnswer(answer, entry, names, options);
      } else if ("sent" in entry) {
        sockets.get(entry.socket)?.send(entry.sent);
      } else {
        const message = await sockets.get(entry.socket)?.next();
        expect(normalize(message, names), `message on socket ${entry.socket}`).toEqual(
          entry.received,
        );
      }
    }
  } finally {
    await Promise.all([...sockets.values()].map((socket) => socket.close()));
  }
}

async function request(
  url: string,
  { request: [method, path], body }: { request: [string, string]; body?: unknown },
  names: PromptNames,
  headers: Record<string, string>,
  options: ReplayOptions,
): Promise<{ response: Response; what: string }> {
  const text = body === undefined ? undefined : names.behind(JSON.stringify(body));
  const own = options.bodyOf?.(method, path);
  const response = await fetch(url + names.behind(path), {
    method,
    headers,
    ...(text === undefined ? own : { body: text }),
  });
  return { response, what: `${method} ${path} ${text ?? ""}` };
}

async function compareAnswer(
  { response, what }: { response: Response; what: string },
  recorded: { status: number; type: string | null; body?: unknown; cut?: boolean | undefined },
  names: PromptNames,
  options: ReplayOptions,
): Promise<void> {
  expect(response.status, what).toBe(recorded.status);
  const type = response.headers.get("content-type")?.split(";")[0] ?? null;
  expect(type, what).toBe(recorded.type);
  const json = type === "application/json";
  const body: unknown = json ? await response.json() : await response.text();
  if (recorded.cut === true || recorded.body === undefined) return;
  const normal = normalize(body, names);
  if (options.compareBody) options.compareBody(recorded.body, normal, what);
  else expect(normal, what).toEqual(recorded.body);
}
