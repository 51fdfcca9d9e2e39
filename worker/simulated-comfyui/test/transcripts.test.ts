/**
 * The simulator against recordings of real ComfyUI: types, keys and order of everything that was
 * said, on HTTP and on the WebSocket.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createSimulatedComfyui } from "../src/index.ts";
import type { SimulatedComfyui, SimulatedVersion } from "../src/index.ts";
import { readTranscript, replay } from "./transcript.ts";

let directory: string;
let comfyui: SimulatedComfyui;

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), "simulated-comfyui-"));
});

afterEach(async () => {
  await comfyui.close();
  await rm(directory, { recursive: true });
});

async function start(version: SimulatedVersion): Promise<string> {
  comfyui = await createSimulatedComfyui({
    dataDirectory: directory,
    version,
    testNodes: true,
    models: { checkpoints: ["dummy.safetensors"] },
  });
  return comfyui.url;
}

it("says what ComfyUI 0.11.1 says when prompts run, are cached, come without a client or from an old client", async () => {
  await replay(await start("0.11.1"), readTranscript("0.11.1-happy"));
});

it("says what ComfyUI 0.11.1 says when prompts are deleted, interrupted, fail, and when a client reconnects", async () => {
  await replay(await start("0.11.1"), readTranscript("0.11.1-interrupt-delete-error"));
});

const versions: readonly SimulatedVersion[] = ["0.9.2", "0.11.1"];
it.each(versions)("refuses wrong prompts as ComfyUI %s does", async (version) => {
  const entries = readTranscript(`${version}-prompt-errors`);
  await replay(await start(version), entries.slice(0, historyAt(entries)), {
    bodyOf: (method) => (method === "POST" ? { body: "{not json" } : undefined),
    compareBody: (recorded, answered, what) =>
      expect(withoutServerDetails(answered), what).toEqual(withoutServerDetails(recorded)),
  });
});

it("answers the other routes with ComfyUI's status, content type and keys", async () => {
  const url = await start("0.11.1");
  await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
    .png()
    .toFile(path.join(directory, "input", "example.png"));
  let uploads = 0;
  await replay(url, readTranscript("0.11.1-other-routes"), {
    bodyOf: (method, route) => {
      if (route !== "/upload/image") return method === "GET" ? undefined : { body: "{}" };
      uploads += 1;
      const form = new FormData();
      form.append("image", new Blob([`picture ${uploads}`]), "gw.png");
      return { body: form };
    },
    headersAfter: () => ({ origin: "http://elsewhere.example" }),
    compareBody: (recorded, answered, what) => expectSameShape(recorded, answered, what),
  });
});

/** The history at the end holds prompts that ran; it is compared in the other recordings. */
function historyAt(entries: ReturnType<typeof readTranscript>): number {
  return entries.findIndex((entry) => "request" in entry && entry.request[1] === "/history");
}

/** Tracebacks and tool tips are left out, and 0.9.2 gives one node's errors in any order. */
function withoutServerDetails(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(withoutServerDetails);
    const errors = items.every(
      (item) => typeof item === "object" && item !== null && "type" in item,
    );
    const key = (item: unknown): string => JSON.stringify(item);
    return errors ? items.sort((a, b) => (key(a) < key(b) ? -1 : 1)) : items;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !["traceback", "tooltip"].includes(key))
      .map(([key, item]) => [key, withoutServerDetails(item)]),
  );
}

/** Every recorded key is there with a value of the same type; a list's items are not compared. */
function expectSameShape(recorded: unknown, answered: unknown, what: string): void {
  expect(kindOf(answered), what).toBe(kindOf(recorded));
  if (kindOf(recorded) !== "object") return;
  for (const [key, value] of Object.entries(recorded as Record<string, unknown>)) {
    expect(answered, what).toHaveProperty([key]);
    if (value !== null) {
      expectSameShape(value, (answered as Record<string, unknown>)[key], `${what}: ${key}`);
    }
  }
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
