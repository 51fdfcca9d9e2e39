import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";

const main = path.join(import.meta.dirname, "..", "main.ts");
let child: ChildProcess;
afterEach(() => void child.kill("SIGKILL"));

function start(args: readonly string[], secret?: string) {
  const environment = { ...process.env };
  delete environment["VERDA_CLIENT_SECRET"];
  child = spawn(process.execPath, [main, "simulate", "verda", ...args], {
    env: { ...environment, ...(secret !== undefined && { VERDA_CLIENT_SECRET: secret }) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (output.text += chunk.toString()));
  }
  return { output, ended: once(child, "exit") as Promise<[number | null]> };
}

describe("comfymulti simulate verda", () => {
  it("says where it is, answers there, and ends cleanly on Ctrl-C", async () => {
    const { output, ended } = start(
      ["--port", "0", "--client-id", "me", "--speed", "10"],
      "hidden",
    );
    await expect.poll(() => output.text, { timeout: 15_000 }).toContain("inspector");
    const [, base] = /base URL\s+(http:\/\/127\.0\.0\.1:\d+\/v1)\n/.exec(output.text) ?? [];
    const answer = await fetch(`${base}/oauth2/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        grant_type: "client_credentials",
        client_id: "me",
        client_secret: "hidden",
      }),
    });
    expect(answer.status).toBe(200);
    expect(output.text).not.toContain("hidden");
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
  });

  it.each([
    ["without a secret", ["--port", "0", "--client-id", "me"], "--client-secret"],
    [
      "with a speed that is none",
      ["--port", "0", "--client-id", "me", "--client-secret", "x", "--speed", "-1"],
      "--speed",
    ],
    [
      "with a port that is none",
      ["--port", "http", "--client-id", "me", "--client-secret", "x"],
      "Give a number.",
    ],
  ])("%s says so in one sentence", async (_title, args, expected) => {
    const { output, ended } = start(args);
    expect((await ended)[0]).toBe(1);
    expect(output.text).toContain(expected);
    expect(output.text).not.toContain("    at ");
  });
});
