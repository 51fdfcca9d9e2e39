import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { z } from "zod";
import { serviceSpecSchema } from "../../service-spec.ts";
import type { ResolvedServiceSpec } from "../../service-spec.ts";
import type { SupervisorClient } from "../client.ts";
import { ensureSupervisor } from "../ensure-supervisor.ts";
import { supervisorPaths } from "../paths.ts";
import { identify } from "../process-identity.ts";
import { sweep } from "../sweep.ts";

/** Real supervisors with real processes; the engine's part is proved in `end-to-end/`. */

let data: string;
let client: SupervisorClient;
let blocker: Server | undefined;
let stranger: ChildProcess | undefined;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "supervisor-"));
  client = await ensureSupervisor(data);
});

afterEach(async () => {
  blocker?.close();
  stranger?.kill("SIGKILL");
  await sweep(data);
  await rm(data, { recursive: true, force: true });
});

test("a service starts, becomes healthy, and a graceful stop runs its own handler", async () => {
  const end = join(data, "ended");
  await client.put(
    "web",
    spec(`process.on("SIGTERM", () => { fs.writeFileSync(${quote(end)}, "yes"); process.exit(0) });
      setInterval(() => {}, 1000)`),
  );
  const report = await untilStatus("web", "running");
  expect(report).toMatchObject({ name: "web", healthy: true, version: "1", restarts: 0 });
  await client.remove("web");
  expect(readFileSync(end, "utf8")).toBe("yes");
  expect(isAlive(report.pid)).toBe(false);
  expect(await client.status()).toEqual([]);
  await client.remove("web");
});

test("a service that ignores the signal is killed with its whole group after the grace", async () => {
  const child = join(data, "child");
  await client.put("deaf", {
    ...spec(`process.on("SIGTERM", () => {});
      const child = require("node:child_process").spawn("sleep", ["1000"]);
      fs.writeFileSync(${quote(child)}, String(child.pid)); setInterval(() => {}, 1000)`),
    health: { kind: "command", argv: ["test", "-s", child], timeoutSeconds: 10 },
    stop: { signal: "SIGTERM", graceSeconds: 0.3 },
  });
  const { pid } = await untilStatus("deaf", "running");
  const childPid = Number(readFileSync(child, "utf8"));
  expect(isAlive(childPid)).toBe(true);
  await client.remove("deaf");
  expect(isAlive(pid)).toBe(false);
  await expect.poll(() => isAlive(childPid)).toBe(false);
});

test("a crashed service is started again, and waits twice as long each time", async () => {
  await client.put("crash", {
    ...spec("process.exit(3)"),
    health: { kind: "command", argv: ["false"], timeoutSeconds: 10 },
    restart: { minSeconds: 0.05, maxSeconds: 0.2 },
  });
  await expect
    .poll(async () => (await client.service("crash"))?.restarts, { timeout: 15_000 })
    .toBeGreaterThanOrEqual(4);
  const log = (await client.log("crash", 100))?.lines.join("\n") ?? "";
  const pauses = [...log.matchAll(/exited with 3; next start in ([\d.]+) s/g)].map((m) => m[1]);
  expect(pauses.slice(0, 4)).toEqual(["0.05", "0.1", "0.2", "0.2"]);
});

test("a service whose checks fail is reported unhealthy, and put again is started anew", async () => {
  const sign = join(data, "sign-of-health");
  writeFileSync(sign, "");
  const sick = {
    ...spec("setInterval(() => {}, 1000)"),
    health: { kind: "command" as const, argv: ["test", "-e", sign], timeoutSeconds: 10 },
  };
  await client.put("sick", sick);
  const { pid } = await untilStatus("sick", "running");
  rmSync(sign);
  expect(await untilStatus("sick", "unhealthy")).toMatchObject({ pid, healthy: false });
  writeFileSync(sign, "");
  expect((await client.put("sick", sick)).pid).not.toBe(pid);
  await untilStatus("sick", "running");
});

test("a service that exits with 78 has failed and is not started again", async () => {
  await client.put("wrong", spec("process.exit(78)", "false"));
  const report = await untilStatus("wrong", "failed");
  expect(report.reason).toBe("exited with 78: its configuration is wrong");
  expect(report).toMatchObject({ healthy: false, restarts: 0 });
});

test("a program that does not exist fails with its name", async () => {
  await client.put("absent", { ...spec(""), command: ["/no/such/program"] });
  expect((await untilStatus("absent", "failed")).reason).toContain("/no/such/program");
});

test("a taken port is refused with its holder and the setting to change", async () => {
  const port = await new Promise<number>((resolve) => {
    blocker = createServer().listen(0, "127.0.0.1", () =>
      resolve((blocker?.address() as AddressInfo).port),
    );
  });
  const put = client.put("web", {
    ...spec("setInterval(() => {}, 1000)"),
    listens: [{ host: "127.0.0.1", port, purpose: "gatewayPort" }],
  });
  await expect(put).rejects.toThrow(
    new RegExp(
      `^port ${port} is taken \\(by .+, pid ${process.pid}\\): stop it or set comfymulti:gatewayPort`,
    ),
  );
  expect(await client.status()).toEqual([]);
});

test("the same specification keeps the process, a new check too, a new environment does not", async () => {
  const first = spec("setInterval(() => {}, 1000)");
  await client.put("web", first);
  const { pid } = await untilStatus("web", "running");
  expect((await client.put("web", first)).pid).toBe(pid);
  const patient = { ...first, stop: { signal: "SIGINT" as const, graceSeconds: 1 } };
  expect((await client.put("web", patient)).pid).toBe(pid);
  expect((await client.put("web", { ...patient, environment: { NEW: "1" } })).pid).not.toBe(pid);
  expect(isAlive(pid)).toBe(false);
});

test("a killed supervisor's services are ended by the next one, and no stranger is", async () => {
  await client.put("web", spec("setInterval(() => {}, 1000)"));
  const { pid } = await untilStatus("web", "running");
  const supervisor = await client.supervisor();
  process.kill(supervisor?.pid ?? 0, "SIGKILL");
  await expect.poll(() => isAlive(supervisor?.pid)).toBe(false);
  expect(isAlive(pid)).toBe(true);

  // A record whose pid now belongs to another process: same pid, another start time.
  stranger = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  const identity = { ...identify(stranger.pid ?? 0), startTime: "1" };
  const { records } = supervisorPaths(data);
  const recorded = JSON.parse(readFileSync(records, "utf8")) as object[];
  writeFileSync(records, JSON.stringify([...recorded, { name: "old", identity }]));

  const next = await ensureSupervisor(data);
  expect(isAlive(pid)).toBe(false);
  expect(isAlive(stranger.pid)).toBe(true);
  expect(await next.status()).toEqual([]);
});

test("a second supervisor of the same stack gives way to the first", async () => {
  const clients = await Promise.all([ensureSupervisor(data), ensureSupervisor(data)]);
  const pids = await Promise.all(clients.map(async (one) => (await one.supervisor())?.pid));
  expect(new Set(pids).size).toBe(1);
  const second = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), data]);
  expect(await new Promise((ended) => second.once("exit", ended))).toBe(0);
  expect((await client.supervisor())?.pid).toBe(pids[0]);
});

test("an idle supervisor ends by itself and leaves no runtime directory", async () => {
  await sweep(data);
  const idle = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), data, "0.2"]);
  expect(await new Promise((ended) => idle.once("exit", ended))).toBe(0);
  expect(readdirSync(data)).toEqual(["logs"]);
});

test("secrets reach the process, and neither the disk nor any command line", async () => {
  const secret = "only-in-memory-9d1f";
  const proof =
    "require('node:crypto').createHash('sha256').update(process.env.SECRET).digest('hex')";
  await client.put("web", {
    ...spec(`console.log(${proof}); setInterval(() => {}, 1000)`),
    secretEnvironment: { SECRET: secret },
  });
  const { pid } = await untilStatus("web", "running");
  const { createHash } = await import("node:crypto");
  const digest = createHash("sha256").update(secret).digest("hex");
  await expect.poll(async () => (await client.log("web"))?.lines).toContain(digest);
  const supervisor = await client.supervisor();
  for (const one of [pid, supervisor?.pid]) {
    expect(readFileSync(`/proc/${one ?? 0}/cmdline`, "utf8")).not.toContain(secret);
  }
  for (const entry of readdirSync(data, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    expect(readFileSync(join(entry.parentPath, entry.name), "utf8")).not.toContain(secret);
  }
});

test("only the user may look into logs and runtime, and the supervisor holds no foreign pipe", async () => {
  const paths = supervisorPaths(data);
  for (const directory of [paths.logs, paths.runtime]) {
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  }
  const pid = (await client.supervisor())?.pid ?? 0;
  const outputs = [1, 2].map((descriptor) => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
  expect(outputs).toEqual([join(paths.logs, "supervisor.log"), join(paths.logs, "supervisor.log")]);
  const session = Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3]);
  expect(session).toBe(pid);
});

test("a data directory with a long path gets a short runtime directory elsewhere", async () => {
  const long = join(data, "a".repeat(120));
  expect(supervisorPaths(long).socket.length).toBeLessThanOrEqual(107);
  const other = await ensureSupervisor(long);
  expect(await other.status()).toEqual([]);
  expect(await sweep(long)).toMatchObject([{ kind: "supervisor" }]);
});

test("a sweep ends a supervisor that does not answer any more, and its services", async () => {
  await client.put("web", spec("setInterval(() => {}, 1000)"));
  const { pid } = await untilStatus("web", "running");
  const supervisor = await client.supervisor();
  process.kill(supervisor?.pid ?? 0, "SIGKILL");
  await expect.poll(() => isAlive(supervisor?.pid)).toBe(false);
  expect(await sweep(data)).toEqual([{ kind: "service", name: "web", pid }]);
  expect(isAlive(pid)).toBe(false);
  expect(await sweep(data)).toEqual([]);
});

test("a body that is no specification is refused with the property's name", async () => {
  const put = client.put("web", { ...spec(""), command: [] });
  await expect(put).rejects.toThrow("command");
});

type SpecInput = z.input<typeof serviceSpecSchema>;

/** A Node service that is healthy when the command `check` succeeds. */
function spec(script: string, check = "true"): ResolvedServiceSpec {
  const input: SpecInput = {
    version: "1",
    command: [process.execPath, "-e", script],
    workingDirectory: data,
    health: { kind: "command", argv: [check], timeoutSeconds: 10 },
  };
  return serviceSpecSchema.parse(input);
}

async function untilStatus(name: string, status: string) {
  await expect
    .poll(async () => (await client.service(name))?.status, { timeout: 15_000 })
    .toBe(status);
  const report = await client.service(name);
  if (!report) throw new Error(`${name} is gone`);
  return report;
}

function isAlive(pid: number | undefined): boolean {
  return pid !== undefined && identify(pid) !== undefined;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
