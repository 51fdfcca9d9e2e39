/** `comfymulti capture` against a simulated ComfyUI, and against what is none. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createSimulatedComfyui } from "@comfymulti/simulated-comfyui";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { capture } from "./capture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "comfymulti-capture-"));
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

it("knows a version that is captured already", async () => {
  const comfyui = await createSimulatedComfyui({ dataDirectory: folder, version: "0.9.2" });
  try {
    await capture(comfyui.url, { force: false });
    expect(console.log).toHaveBeenCalledWith(
      "ComfyUI 0.9.2 is captured already, with the same 581 nodes.",
    );
  } finally {
    await comfyui.close();
  }
});

it("replaces no capture with other nodes unless it is told to", async () => {
  const comfyui = await createSimulatedComfyui({ dataDirectory: folder, testNodes: true });
  try {
    await expect(capture(comfyui.url, { force: false })).rejects.toThrow(
      /0\.11\.1 is captured already, with other nodes: .* --force/,
    );
  } finally {
    await comfyui.close();
  }
});

it.each([
  ["{}", /names no version/],
  ['{"system":{"comfyui_version":"nightly"}}', /calls itself "nightly".*run a release/],
  ["<html>", /could not be read \(.*JSON.*\): check that ComfyUI runs there/],
])("says what is wrong with a server that answers %s", async (answer, fault) => {
  const server = createServer((_request, response) => response.end(answer)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await expect(capture(`http://127.0.0.1:${port}`, { force: false })).rejects.toThrow(fault);
  } finally {
    server.close();
  }
});

it.each(["here", "ftp://127.0.0.1", "http://"])("refuses the address %s", async (address) => {
  await expect(capture(address, { force: false })).rejects.toThrow(/is no address/);
});
