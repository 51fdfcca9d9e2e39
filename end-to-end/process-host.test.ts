import * as automation from "@pulumi/pulumi/automation/index.js";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ProcessHost, SupervisorClient, sweep } from "../components/hosts/index.ts";
import type { ServiceSpec } from "../components/hosts/index.ts";
import { Token } from "../components/secrets/index.ts";

/**
 * Proves that services on a ProcessHost live and die with their stack, with the real engine, the
 * real plugin and real processes. It does not prove anything of the project's own services.
 */

const PLUGIN = fileURLToPath(new URL("../components/hosts/process/plugin", import.meta.url));
const SECRET = "a-secret-that-must-not-be-found";

let home: string;
let data: string;
let port: number;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "process-host-"));
  data = join(home, "data");
  port = await freePort();
  await writeFile(
    join(home, "Pulumi.yaml"),
    JSON.stringify({
      name: "process-host-test",
      runtime: "nodejs",
      plugins: { providers: [{ name: "comfymulti", path: PLUGIN }] },
    }),
  );
});

afterEach(async () => {
  await sweep(data);
  await rm(home, { recursive: true, force: true });
});

test("a stack goes up, stays as it is, changes in place and leaves nothing when destroyed", async () => {
  const stack = await select(program());
  const up = await stack.up();
  expect(up.summary.resourceChanges).toEqual({ create: 5 });
  expect(up.outputs["token"]).toMatchObject({ secret: true });
  expect(up.outputs["token"]?.value).toMatch(/^test_[A-Za-z0-9_-]{43}$/);
  const [first] = await services();
  expect(first).toMatchObject({ name: "web", status: "running", version: "1.0" });
  expect(await answer()).toEqual({ greeting: "hello", secret: SECRET });

  const state = textBelow(join(home, ".pulumi"));
  expect(state).toContain("secretEnvironment");
  expect(state).not.toContain(SECRET);
  expect(state).not.toContain(String(up.outputs["token"]?.value));
  expect(textBelow(data)).not.toContain(SECRET);

  const again = await stack.up();
  expect(again.summary.resourceChanges).toEqual({ same: 5 });
  expect((await services())[0]?.pid).toBe(first?.pid);

  const changed = await select(program({ greeting: "good evening" }));
  const update = await changed.up();
  expect(update.summary.resourceChanges).toEqual({ same: 4, update: 1 });
  expect(await answer()).toEqual({ greeting: "good evening", secret: SECRET });
  expect(update.outputs["token"]?.value).toBe(up.outputs["token"]?.value);

  const patient = await select(program({ greeting: "good evening", timeoutSeconds: 30 }));
  const [before] = await services();
  expect((await patient.up()).summary.resourceChanges).toEqual({ same: 4, update: 1 });
  expect((await services())[0]?.pid).toBe(before?.pid);

  await changed.destroy();
  expect(await new SupervisorClient(data).status()).toBeUndefined();
  expect(isAlive(before?.pid)).toBe(false);
  expect(await sweep(data)).toEqual([]);
});

test("a killed service process and a killed supervisor are brought back by up with refresh", async () => {
  const stack = await select(program({ restartSeconds: 600 }));
  await stack.up();
  const [first] = await services();
  process.kill(first?.pid ?? 0, "SIGKILL");
  await expect.poll(async () => (await services())[0]?.status).toBe("restarting");
  await stack.up({ refresh: true });
  const [second] = await services();
  expect(second?.status).toBe("running");

  const supervisor = await new SupervisorClient(data).supervisor();
  process.kill(supervisor?.pid ?? 0, "SIGKILL");
  await expect.poll(() => isAlive(supervisor?.pid)).toBe(false);
  expect(isAlive(second?.pid)).toBe(true);
  await stack.up({ refresh: true });
  const [third] = await services();
  expect(third?.status).toBe("running");
  expect(isAlive(second?.pid)).toBe(false);

  await stack.destroy();
  expect(isAlive(third?.pid)).toBe(false);
  expect(await sweep(data)).toEqual([]);
});

test("a service that does not become healthy fails the update with the end of its log", async () => {
  const stack = await select(program({ script: "console.log('no licence'); process.exit(78)" }));
  await expect(stack.up()).rejects.toThrow(/service web exited with 78[\s\S]*no licence/);
  expect(await services()).toEqual([]);

  const repaired = await select(program());
  await repaired.up();
  expect((await services())[0]?.status).toBe("running");

  const broken = await select(program({ script: "console.log('no licence'); process.exit(78)" }));
  await expect(broken.up()).rejects.toThrow(/no licence/);
  const reverted = await select(program());
  await reverted.up();
  expect((await services())[0]?.status).toBe("running");
  await reverted.destroy();
});

test("faults of a specification are told together, with their properties", async () => {
  const stack = await select(program({ timeoutSeconds: -1, version: "" }));
  const failure = await stack.up().then(
    () => "no failure",
    (error: unknown) => String(error),
  );
  expect(failure).toContain("property version");
  expect(failure).toContain("property health.timeoutSeconds");
});

test("an engine that is killed in the middle leaves nothing that up and destroy do not end", async () => {
  const script = `setTimeout(() => { ${SERVER} }, 4000)`;
  const killed = await select(program({ script }));
  const interrupted = killed.up().then(
    () => "finished",
    () => "killed",
  );
  await expect
    .poll(async () => (await services())[0]?.status, { timeout: 60_000 })
    .toBe("starting");
  const [held] = await services();
  const [engine] = processesWith(`PULUMI_HOME=${join(home, "pulumi")}`, "pulumi");
  process.kill(engine ?? 0, "SIGKILL");
  expect(await interrupted).toBe("killed");
  // The plugin notices by itself that its engine is gone.
  await expect.poll(() => processesWith(`PULUMI_HOME=${join(home, "pulumi")}`)).toEqual([]);

  const stack = await select(program({ script }));
  await stack.cancel();
  await stack.up();
  expect(await services()).toMatchObject([{ name: "web", status: "running" }]);
  await stack.destroy();
  expect(isAlive(held?.pid)).toBe(false);
  expect(await sweep(data)).toEqual([]);
  expect(processesWith(`COMFYMULTI_SUPERVISED_BY=${data}`)).toEqual([]);
});

/** Answers every request with what it was told by its environment. */
const SERVER = `
  require("node:http").createServer((_, response) => response.end(JSON.stringify({
    greeting: process.env.GREETING, secret: process.env.SECRET,
  }))).listen(process.env.PORT, "127.0.0.1");`;

interface ProgramSettings {
  readonly greeting?: string;
  readonly script?: string;
  readonly version?: string;
  readonly timeoutSeconds?: number;
  readonly restartSeconds?: number;
}

function program(settings: ProgramSettings = {}): automation.PulumiFn {
  const { greeting = "hello", script = SERVER, version = "1.0" } = settings;
  const { timeoutSeconds = 60, restartSeconds = 1 } = settings;
  return async () => {
    const host = new ProcessHost("host", { directory: data });
    const token = new Token("token", { prefix: "test_" });
    const spec: ServiceSpec = {
      version,
      command: [process.execPath, "-e", script],
      environment: { PORT: String(port), GREETING: greeting },
      secretEnvironment: { SECRET, TOKEN: token.value },
      workingDirectory: home,
      listens: [{ port, purpose: "web" }],
      health: { kind: "http", url: `http://127.0.0.1:${port}/`, timeoutSeconds },
      restart: { minSeconds: restartSeconds, maxSeconds: 600 },
    };
    const service = host.service("web", spec);
    return { token: token.value, status: service.status };
  };
}

function select(run: automation.PulumiFn): Promise<automation.Stack> {
  const place = { stackName: "test", projectName: "process-host-test", program: run };
  return automation.LocalWorkspace.createOrSelectStack(place, {
    workDir: home,
    envVars: {
      COMFYMULTI_NODE: process.execPath,
      PULUMI_HOME: join(home, "pulumi"),
      PULUMI_BACKEND_URL: `file://${home}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "1",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
  });
}

async function services() {
  return (await new SupervisorClient(data).status()) ?? [];
}

async function answer(): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${port}/`)).json();
}

/** The text of every file below a directory. */
function textBelow(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

/** Processes with this entry in their environment, and, if given, of this program. */
function processesWith(entry: string, name?: string): number[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        const program = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
        return environment.includes(entry) && (name === undefined || program === name);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port: found } = probe.address() as AddressInfo;
      probe.close(() => resolve(found));
    });
  });
}
