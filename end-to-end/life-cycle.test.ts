/**
 * One stack from the first `up` to the last `down`, through the command that a host uses, with
 * everything going wrong on the way: each fault has to give a sentence with its cure, and the same
 * command has to go on afterwards.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { SupervisorClient } from "../components/hosts/index.ts";
import { repository } from "../components/installation.ts";
import { writeStackFile } from "./stack-file.ts";

const STACK = "life";
const home = mkdtempSync(path.join(tmpdir(), "comfymulti-life-"));
const data = path.join(home, "stacks", STACK);
const { gatewayPort } = writeStackFile(home, STACK, { kind: "local", users: 2 });

interface Outcome {
  readonly code: number;
  readonly text: string;
  readonly stdout: string;
}

/** Starts the command in a process group of its own, as a terminal does. */
function command(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [path.join(repository, "cli/main.ts"), ...args], {
    env: { ...process.env, COMFYMULTI_HOME: home, COMFYMULTI_SETTINGS: home, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    text += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const outcome = once(child, "close").then((): Outcome => ({
    code: child.exitCode ?? 137,
    text,
    stdout,
  }));
  return {
    outcome,
    /** Resolves when the command has printed this. */
    printed: async (pattern: RegExp) => {
      while (!pattern.test(text)) {
        if (child.exitCode !== null)
          throw new Error(`it ended without ${String(pattern)}:\n${text}`);
        await pause(20);
      }
    },
    signalGroup: (signal: NodeJS.Signals) => {
      if (child.pid === undefined) throw new Error("it never started");
      process.kill(-child.pid, signal);
    },
  };
}

const run = (args: readonly string[], env?: Record<string, string>) => command(args, env).outcome;

const statusSchema = z.object({
  stack: z.literal(STACK),
  users: z.array(
    z.object({ id: z.string(), url: z.string(), link: z.string(), token: z.string() }),
  ),
  admin: z.object({ url: z.string(), token: z.string() }),
  services: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      pid: z.number().optional(),
      version: z.string().optional(),
    }),
  ),
  workers: z.array(z.object({ name: z.string(), status: z.string(), comfyuiVersion: z.string() })),
});
const status = async () =>
  statusSchema.parse(JSON.parse((await run(["status", STACK, "--json"])).stdout));

/** kill -9; 0 would be ourselves. */
function killNow(pid: number | undefined): void {
  if (!pid) throw new Error("there is no process to kill");
  process.kill(pid, "SIGKILL");
}

/** Processes whose command line or environment names this test's folder. */
function processesLeft(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      return `${words}${environment}`.includes(home) ? [words.replaceAll("\0", " ")] : [];
    } catch {
      return [];
    }
  });
}

afterAll(async () => {
  await run(["down", STACK, "--purge"]);
  rmSync(home, { recursive: true, force: true });
});

describe("the life of a stack", () => {
  it("is refused by name when there are no settings for it", async () => {
    const { code, text } = await run(["up", "nothere"]);
    expect(code).toBe(1);
    expect(text).toContain('There is no stack "nothere"');
    expect(text).not.toContain("    at ");
  });

  it("names a taken port, who has it, and the setting to change", async () => {
    const holder = createServer().listen(gatewayPort, "127.0.0.1");
    await once(holder, "listening");
    const { code, text } = await run(["up", STACK]);
    holder.close();
    expect(code).toBe(1);
    expect(text).toContain(`port ${gatewayPort} is taken`);
    expect(text).toContain(`pid ${process.pid}`);
    expect(text).toContain("comfymulti:gatewayPort");
    expect(text).not.toContain("    at ");
  });

  it("stops in good order on Ctrl-C and says how to go on", async () => {
    const up = command(["up", STACK]);
    await up.printed(/Stack life/);
    await pause(2500);
    up.signalGroup("SIGINT");
    const { code, text } = await up.outcome;
    expect(code).toBe(130);
    expect(text).toContain("Run the same command again");
  });

  it("goes on after the command and its engine were killed in the middle", async () => {
    const up = command(["up", STACK]);
    await up.printed(/Stack life/);
    await pause(3000);
    up.signalGroup("SIGKILL");
    await up.outcome;
    const { code, text } = await run(["start", STACK]);
    expect(text).toMatch(/user001 rendered a \d+ × \d+ picture/);
    expect(code).toBe(0);
  });

  it("has nothing to do the second time", async () => {
    const { code, text } = await run(["up", STACK]);
    expect(text).toContain("no changes");
    expect(code).toBe(0);
  });

  it("goes on when a full disk has cut off the engine's state", async () => {
    const state = path.join(home, "state", ".pulumi", "stacks", "comfymulti", `${STACK}.json`);
    writeFileSync(state, '{"version');
    const { code, text } = await run(["up", STACK]);
    expect(text).toContain("going on from the one before");
    expect(code).toBe(0);
  });

  it("tells programs who may come in and what runs", async () => {
    const { users, admin, services, workers } = await status();
    expect(users.map(({ id }) => id)).toEqual(["user001", "user002"]);
    expect(users[0]?.url).toBe(`http://127.0.0.1:${gatewayPort}/user001/`);
    expect(services.map(({ name }) => name).sort()).toEqual(
      ["comfyui-1", "frontend-0-11-1", "queue-manager", "redis", "worker-1"].sort(),
    );
    expect(services.every(({ status: state, pid }) => state === "running" && pid)).toBe(true);
    expect(workers).toEqual([{ name: "worker-1", status: "idle", comfyuiVersion: "0.11.1" }]);
    const health = await fetch(new URL("/api/v1/health", admin.url), {
      headers: { authorization: `Bearer ${admin.token}` },
    });
    expect(health.status).toBe(200);
  });

  it("keeps every secret out of its state, its logs and its command lines", async () => {
    const { users, admin } = await status();
    const secrets = [admin.token, ...users.map(({ token }) => token)];
    const files = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const text = readFileSync(file, "latin1");
      for (const secret of secrets) expect(text.includes(secret), file).toBe(false);
    }
    const commandLines = readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8");
        } catch {
          return "";
        }
      });
    for (const secret of secrets) expect(commandLines.join("\n").includes(secret)).toBe(false);
  });

  it("says so when the passphrase is another one", async () => {
    const { code, text } = await run(["up", STACK], { PULUMI_CONFIG_PASSPHRASE: "another" });
    expect(code).toBe(1);
    expect(text).toContain("The passphrase does not open this stack's secrets");
    expect(text).not.toContain("    at ");
  });

  it("gets a crashed service back by itself, and everything back after the supervisor died", async () => {
    const supervisor = new SupervisorClient(data);
    const before = await supervisor.service("worker-1");
    killNow(before?.pid);
    await expect
      .poll(() => supervisor.service("worker-1"), { timeout: 30_000 })
      .toSatisfy((now) => now?.status === "running" && now.pid !== before?.pid);

    killNow((await supervisor.supervisor())?.pid);
    const { code } = await run(["start", STACK]);
    expect(code).toBe(0);
    expect((await status()).services).toHaveLength(5);
  });

  it("ends without a process, port, socket or temporary file, however often", async () => {
    expect((await run(["down", STACK])).code).toBe(0);
    // The engine's plugins end by themselves once they see that it is gone.
    await expect.poll(processesLeft, { timeout: 10_000 }).toEqual([]);
    const port = createServer().listen(gatewayPort, "127.0.0.1");
    await once(port, "listening");
    port.close();
    const sockets = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isSocket(),
    );
    expect(sockets).toEqual([]);
    const again = await run(["down", STACK, "--purge"]);
    expect(again.code).toBe(0);
    expect(readdirSync(path.join(home, "stacks"))).toEqual([]);
  });
});
