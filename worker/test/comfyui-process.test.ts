import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { comfyuiCommandSchema } from "../src/comfyui-process/command.ts";
import { ComfyuiProcess, KEPT_LINES } from "../src/comfyui-process/comfyui-process.ts";
import type { ComfyuiExit, ComfyuiProcessOptions } from "../src/comfyui-process/comfyui-process.ts";
import { MAX_LINE_LENGTH } from "../src/comfyui-process/output-lines.ts";
import { until } from "./support/workshop.ts";

let directory: string;
let comfyui: ComfyuiProcess;
let exits: ComfyuiExit[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "comfymulti-process-"));
});

afterEach(async () => {
  await comfyui.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A supervised node script. */
async function supervise(
  script: string,
  options: Partial<ComfyuiProcessOptions> = {},
): Promise<ComfyuiProcess> {
  const path = join(directory, "child.mjs");
  await writeFile(path, script);
  comfyui = new ComfyuiProcess({
    command: [process.execPath, path],
    log: pino({ level: "silent" }),
    firstDelayMs: 5,
    ...options,
  });
  exits = [];
  comfyui.on("exit", (exit) => exits.push(exit));
  return comfyui;
}

const FOREVER = "console.log('ready'); setInterval(() => {}, 1000);";
/** Prints its own and its child's pid; both ignore SIGTERM. */
const STUBBORN = `
  import { spawn } from "node:child_process";
  process.on("SIGTERM", () => {});
  if (process.argv[2] !== "grandchild") {
    const grandchild = spawn(process.execPath, [process.argv[1], "grandchild"], { stdio: ["ignore", "pipe", "inherit"] });
    grandchild.stdout.once("data", () => console.log("pids " + process.pid + " " + grandchild.pid));
  } else console.log("up");
  setInterval(() => {}, 1000);
`;

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A killed orphan stays a zombie until init has collected it. */
async function isGone(pid: number): Promise<boolean> {
  if (!lives(pid)) return true;
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") Z");
  return status.includes(") Z");
}

async function pids(): Promise<number[]> {
  const line = () => comfyui.output.find((text) => text.startsWith("pids"));
  await until(() => line() !== undefined);
  return (line() ?? "").split(" ").slice(1).map(Number);
}

describe("a supervised ComfyUI", () => {
  it("that crashes again and again is started with longer and longer waits up to a limit", async () => {
    await supervise("process.exit(3)", { longestDelayMs: 30 });
    comfyui.start();
    await until(() => exits.length >= 5);
    expect(exits.slice(0, 5).map((exit) => exit.restartInMs)).toEqual([5, 10, 20, 30, 30]);
    expect(exits[0]).toMatchObject({ code: 3, signal: null, expected: false });
  });

  it("starts with the shortest wait again after it has lived long enough", async () => {
    await supervise("process.exit(1)", { steadyMs: 0 });
    comfyui.start();
    await until(() => exits.length >= 3);
    expect(exits.slice(0, 3).map((exit) => exit.restartInMs)).toEqual([5, 5, 5]);
  });

  it("tells the signal that ended it", async () => {
    await supervise(FOREVER);
    comfyui.start();
    await until(() => comfyui.output.includes("ready"));
    process.kill(comfyui.pid ?? 0, "SIGSEGV");
    await until(() => exits.length > 0);
    expect(exits[0]).toMatchObject({ code: null, signal: "SIGSEGV", expected: false });
  });

  it("is ended with its descendants when both ignore SIGTERM", async () => {
    await supervise(STUBBORN, { stopMs: 50 });
    comfyui.start();
    const found = await pids();
    expect(found.filter(lives)).toHaveLength(2);
    await comfyui.stop();
    for (const pid of found) await until(() => isGone(pid));
    expect(exits).toEqual([
      { code: null, signal: "SIGKILL", expected: true, restartInMs: undefined },
    ]);
  });

  it("leaves no descendant behind when it crashes", async () => {
    await supervise(STUBBORN);
    comfyui.start();
    const [pid = 0, grandchild = 0] = await pids();
    process.kill(pid, "SIGKILL");
    await until(() => exits.length > 0);
    await until(() => isGone(grandchild));
    expect(exits[0]).toMatchObject({ signal: "SIGKILL", expected: false });
  });

  it("ends at SIGTERM without force when it obeys", async () => {
    await supervise(`process.on("SIGTERM", () => process.exit(0)); ${FOREVER}`);
    comfyui.start();
    await until(() => comfyui.output.includes("ready"));
    await comfyui.stop();
    expect(exits).toEqual([{ code: 0, signal: null, expected: true, restartInMs: undefined }]);
    expect(comfyui.pid).toBeUndefined();
  });

  it("can be stopped while it waits to be started again", async () => {
    await supervise("process.exit(1)", { firstDelayMs: 600_000, longestDelayMs: 600_000 });
    comfyui.start();
    await until(() => exits.length === 1);
    await comfyui.stop();
    expect(exits).toHaveLength(1);
  });

  it("is restarted on demand, once for calls at the same time, and never twice at once", async () => {
    await supervise(FOREVER);
    let running = 0;
    let most = 0;
    comfyui.on("start", () => (most = Math.max(most, ++running)));
    comfyui.on("exit", () => running--);
    comfyui.start();
    await until(() => comfyui.output.includes("ready"));
    const before = comfyui.pid;
    await Promise.all([comfyui.restart(), comfyui.restart()]);
    expect(comfyui.pid).toBeTypeOf("number");
    expect(comfyui.pid).not.toBe(before);
    expect(exits).toHaveLength(1);
    expect(exits[0]).toMatchObject({ expected: true, restartInMs: 0 });
    expect(most).toBe(1);
  });

  it("a restart on demand does not wait for the next planned start", async () => {
    await supervise("process.exit(1)", { firstDelayMs: 600_000, longestDelayMs: 600_000 });
    comfyui.start();
    await until(() => exits.length === 1);
    await comfyui.restart();
    await until(() => exits.length === 2);
    expect(exits[1]).toMatchObject({ code: 1 });
  });

  it("keeps the last lines of its output, each of bounded length", async () => {
    await supervise(`
      for (let i = 0; i < 500; i++) console.log("line " + i);
      process.stderr.write("ä".repeat(1_000_000) + "\\nlast");
      process.exitCode = 1;
    `);
    comfyui.start();
    await until(() => exits.length > 0);
    expect(comfyui.output).toHaveLength(KEPT_LINES);
    expect(comfyui.output).toContain("last");
    expect(comfyui.output).toContain("line 499");
    expect(comfyui.output).toContain("ä".repeat(MAX_LINE_LENGTH));
    expect(comfyui.output.every((line) => line.length <= MAX_LINE_LENGTH)).toBe(true);
  });

  it("passes its lines to the log, and tells the last ones when it ends by itself", async () => {
    const logged: Record<string, unknown>[] = [];
    const log = pino(
      { level: "debug" },
      { write: (line) => logged.push(JSON.parse(line) as Record<string, unknown>) },
    );
    await supervise("console.log('CUDA is gone'); process.exit(1)", { log });
    comfyui.start();
    await until(() => exits.length > 0);
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 20, source: "comfyui", msg: "CUDA is gone" }),
    );
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 50, code: 1, lastLines: ["CUDA is gone"] }),
    );
  });

  it("does not see the worker's secrets", async () => {
    await supervise("console.log(Object.keys(process.env).join()); process.exit(0)", {
      environment: { WORKER_TOKEN: "x", REDIS_PASSWORD: "x", R2_SECRET_ACCESS_KEY: "x", HOME: "/" },
    });
    comfyui.start();
    await until(() => exits.length > 0);
    expect(comfyui.output[0]).toContain("HOME");
    expect(comfyui.output[0]).not.toMatch(/TOKEN|PASSWORD|SECRET/);
  });

  it("whose program is missing says so and is tried again", async () => {
    await supervise("", { command: [join(directory, "missing")] });
    comfyui.start();
    await once(comfyui, "exit");
    expect(exits[0]).toMatchObject({ problem: "there is no such program", restartInMs: 5 });
  });
});

describe("the command of ComfyUI", () => {
  beforeEach(() => supervise(""));

  it.each([
    ['["python","main.py","--listen"]', ["python", "main.py", "--listen"]],
    ["python  main.py --port 8188", ["python", "main.py", "--port", "8188"]],
    [
      `python 'my file.py' "a \\"b\\"" c\\ d --x='1 2'`,
      ["python", "my file.py", 'a "b"', "c d", "--x=1 2"],
    ],
    [`python ""`, ["python", ""]],
  ])("%s is understood", (text, words) => {
    expect(comfyuiCommandSchema.parse(text)).toEqual(words);
  });

  it("that is empty means that somebody else runs ComfyUI", () => {
    expect(comfyuiCommandSchema.parse(" ")).toBeUndefined();
  });

  it.each(["[]", "[1]", '["python"', `python "main.py`, "''"])(
    "%j is refused with a sentence",
    (text) => {
      expect(comfyuiCommandSchema.safeParse(text).error?.issues[0]?.message).toContain(
        "must be a command",
      );
    },
  );
});
