/** The simulator as a process: what a supervisor sees of it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

function start(environment: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [main], { env: environment, stdio: ["ignore", "ignore", "pipe"] });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function reachable(url: string): Promise<Response> {
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    if (response) return response;
    await sleep(50);
  }
}

test("wrong settings end the process with 78 and one line for each fault", async () => {
  const child = start({ PORT: "0", COMFYUI_VERSION: "1.0.0", DATA_DIRECTORY: "" });
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, "close")) as [number];
  expect(code).toBe(78);
  expect(said.trim().split("\n")).toHaveLength(3);
  expect(said).toContain("COMFYUI_VERSION");
});

test("the process answers /health and ends on SIGTERM", async (context) => {
  const directory = await mkdtemp(path.join(os.tmpdir(), "simulated-comfyui-"));
  const port = await freePort();
  const child = start({ PORT: String(port), DATA_DIRECTORY: directory, LOG_LEVEL: "silent" });
  context.onTestFinished(async () => {
    child.kill("SIGKILL");
    await rm(directory, { recursive: true });
  });
  const response = await reachable(`http://127.0.0.1:${port}/health`);
  expect(await response.json()).toEqual({ status: "ok", simulated: true });
  child.kill("SIGTERM");
  const [code] = (await once(child, "exit")) as [number | null];
  expect(code).toBe(0);
});
