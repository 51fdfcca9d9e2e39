/** The eight checks against real Redis, a simulated ComfyUI, and parts that are broken on purpose. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis } from "@comfymulti/queue/testing";
import type { TestRedis } from "@comfymulti/queue/testing";
import { createSimulatedComfyui } from "@comfymulti/simulated-comfyui";
import type { SimulatedComfyui } from "@comfymulti/simulated-comfyui";
import { modelManifest, modelPath } from "@comfymulti/workflows";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { checkResultSchema, runChecks } from "../src/verify-deployment/check.ts";
import type { CheckResult } from "../src/verify-deployment/check.ts";
import { deploymentChecks } from "../src/verify-deployment/deployment.ts";
import { checkImage } from "../src/verify-deployment/image.ts";
import { reportText } from "../src/verify-deployment/report.ts";
import { verifySettingsSchema } from "../src/verify-deployment/settings.ts";
import { checkVram } from "../src/verify-deployment/vram.ts";
import { freePort } from "./support/free-port.ts";

let root: string;
let redis: TestRedis;
let comfyui: SimulatedComfyui;
let queueManager: Server;
let queueManagerStatus: number;
const at = (...names: string[]): string => join(root, ...names);
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "comfymulti-verify-"));
  redis = await startRedis();
  comfyui = await createSimulatedComfyui({
    dataDirectory: at("comfyui-data"),
    port: 0,
    speed: 1000,
    testNodes: true,
  });
  queueManager = createServer((_request, response) => response.writeHead(queueManagerStatus).end());
  queueManager.listen(0, "127.0.0.1");
  await once(queueManager, "listening");

  for (const folder of ["comfyui", "sfs/models", "scratch/outputs", "scratch/inputs", "data"]) {
    await mkdir(at(folder), { recursive: true });
  }
  await writeFile(at("comfyui/comfyui_version.py"), '__version__ = "0.11.1"\n');
  await symlink(at("sfs/models"), at("data/models"));
  await symlink(at("scratch/outputs"), at("data/outputs"));
  await symlink(at("scratch/inputs"), at("data/inputs"));
  await writeFile(at("mountinfo"), mountInfo(at("sfs"), at("scratch")));
  await writeFile(
    at("nvidia-smi"),
    "#!/bin/sh\necho 'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)'\n",
  );
  await chmod(at("nvidia-smi"), 0o755);
  for (const file of modelManifest.files) await placeModel(modelPath(file), file.sizeBytes);
});

beforeEach(() => {
  queueManagerStatus = 200;
});

afterAll(async () => {
  queueManager.close();
  await comfyui.close();
  await redis.stop();
  await rm(root, { recursive: true, force: true });
});

const mountInfo = (...points: string[]) =>
  points.map((point) => `36 35 98:0 / ${point} rw,noatime - ext4 /dev/sdb rw\n`).join("");

/** A file of that size without content. */
async function placeModel(path: string, bytes: number): Promise<void> {
  await mkdir(join(at("sfs/models", path), ".."), { recursive: true });
  await writeFile(at("sfs/models", path), "");
  await truncate(at("sfs/models", path), bytes);
}

const environment = (changes: Record<string, string> = {}): Record<string, string> => ({
  COMFYUI_URL: comfyui.url,
  COMFYUI_VERSION: "0.11.1",
  COMFYUI_DIRECTORY: at("comfyui"),
  REDIS_PORT: String(redis.port),
  REDIS_PASSWORD: redis.password,
  QUEUE_MANAGER_URL: urlOf(queueManager),
  SFS_DIRECTORY: at("sfs"),
  SCRATCH_DIRECTORY: at("scratch"),
  DATA_DIRECTORY: at("data"),
  MODELS_DIRECTORY: at("sfs/models"),
  OUTPUTS_DIRECTORY: at("scratch/outputs"),
  INPUTS_DIRECTORY: at("scratch/inputs"),
  NVIDIA_SMI: at("nvidia-smi"),
  ...changes,
});

const verify = (changes: Record<string, string> = {}, mounts = at("mountinfo")) =>
  runChecks(deploymentChecks(verifySettingsSchema.parse(environment(changes)), mounts));

const statuses = (results: readonly CheckResult[]) =>
  Object.fromEntries(results.map(({ id, status }) => [id, status]));
const messageOf = (results: readonly CheckResult[], id: string) =>
  results.find((result) => result.id === id)?.message ?? "";

const allWell = {
  image: "ok",
  gpu: "ok",
  mounts: "ok",
  models: "ok",
  comfyui: "ok",
  queue: "ok",
  "sample-graph": "ok",
  vram: "ok",
};

describe("verifying a deployment", () => {
  it("finds nothing wrong where all is well", async () => {
    const results = await verify();
    expect(results.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(statuses(results)).toEqual(allWell);
    expect(messageOf(results, "gpu")).toBe("1 GPU: NVIDIA H100 80GB HBM3.");
    expect(messageOf(results, "sample-graph")).toMatch(/^A picture of \d+ bytes was made\.$/);
  });

  it("tells what hangs on ComfyUI apart from the rest when ComfyUI is away", async () => {
    const results = await verify({ COMFYUI_URL: `http://127.0.0.1:${await freePort()}` });
    expect(statuses(results)).toEqual({
      ...allWell,
      comfyui: "fail",
      "sample-graph": "fail",
      vram: "fail",
    });
    expect(messageOf(results, "comfyui")).toMatch(
      /did not answer GET \/system_stats: .*The container's log tells/,
    );
  });

  it("fails the checks of a ComfyUI that never answers, and ends", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const results = await verify({ COMFYUI_URL: urlOf(silent) });
    silent.closeAllConnections();
    silent.close();
    expect(statuses(results)).toEqual({
      ...allWell,
      comfyui: "fail",
      "sample-graph": "fail",
      vram: "fail",
    });
  });

  it("fails on a ComfyUI of another version than the image's", async () => {
    const results = await verify({ COMFYUI_VERSION: "0.9.2" });
    expect(statuses(results)).toMatchObject({ image: "fail", comfyui: "fail", queue: "ok" });
    expect(messageOf(results, "comfyui")).toContain("ComfyUI 0.11.1 runs, the image is for 0.9.2");
  });

  it("fails where no GPU is visible, and warns where only ComfyUI sees it", async () => {
    const results = await verify({ NVIDIA_SMI: at("missing") });
    expect(statuses(results)).toEqual({ ...allWell, gpu: "warn" });
    const without = await verify({
      NVIDIA_SMI: at("missing"),
      COMFYUI_URL: `http://127.0.0.1:${await freePort()}`,
    });
    expect(messageOf(without, "gpu")).toContain(
      "nvidia-smi can't be run: start the container with",
    );
  });

  it("fails on a volume that is not mounted and a link that leads elsewhere", async () => {
    await writeFile(at("only-scratch"), mountInfo(at("scratch")));
    await mkdir(at("other-models"), { recursive: true });
    const results = await verify({ MODELS_DIRECTORY: at("other-models") }, at("only-scratch"));
    expect(statuses(results)).toEqual({ ...allWell, mounts: "fail", models: "fail" });
    expect(messageOf(results, "mounts")).toContain(`${at("sfs")} is no mount point`);
    expect(messageOf(results, "mounts")).toContain(`should lead to ${at("other-models")}`);
    expect(messageOf(results, "models")).toContain("comfymulti-worker models restore");
  });

  it("warns when a file of one template is not whole", async () => {
    const file = modelManifest.files.find(({ folder }) => folder === "checkpoints");
    if (!file) throw new Error("the manifest has no checkpoint");
    await placeModel(modelPath(file), 1);
    const results = await verify();
    await placeModel(modelPath(file), file.sizeBytes);
    expect(statuses(results)).toEqual({ ...allWell, models: "warn" });
    expect(messageOf(results, "models")).toMatch(/^Only .*flux2_klein_4b.* can run: 1 model file/);
  });

  it("fails on a wrong Redis password without telling it", async () => {
    const results = await verify({ REDIS_PASSWORD: "not-the-password" });
    expect(statuses(results)).toEqual({ ...allWell, queue: "fail" });
    expect(messageOf(results, "queue")).toContain("Check INFERENCE_SERVER_REDIS_HOST");
    expect(JSON.stringify(results)).not.toContain("not-the-password");
  });

  it("fails on a queue manager that is away or not well", async () => {
    queueManagerStatus = 503;
    expect(messageOf(await verify(), "queue")).toContain("status 503: its Redis is away");
    const results = await verify({ QUEUE_MANAGER_URL: `http://127.0.0.1:${await freePort()}` });
    expect(statuses(results)).toEqual({ ...allWell, queue: "fail" });
    expect(messageOf(results, "queue")).toContain("can't be reached: check QUEUE_MANAGER_URL");
  });

  it("leaves a busy ComfyUI alone", async () => {
    const prompt = {
      "1": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 0 } },
      "2": {
        class_type: "GwSlow",
        inputs: { image: ["1", 0], steps: 1000, ms: 1000, fail: false },
      },
      "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
    };
    const post = (path: string, body: object) =>
      fetch(`${comfyui.url}/${path}`, { method: "POST", body: JSON.stringify(body) });
    expect((await post("prompt", { prompt })).status).toBe(200);
    const results = await verify();
    await post("interrupt", {});
    expect(statuses(results)).toEqual({ ...allWell, "sample-graph": "skipped" });
  });

  it("goes on when a check throws or never ends", async () => {
    const check = { title: "T", limitMs: 50 };
    const results = await runChecks([
      { ...check, id: "throws", run: () => Promise.reject(new Error("It broke.")) },
      { ...check, id: "hangs", run: () => new Promise(() => undefined) },
      { ...check, id: "works", run: () => Promise.resolve({ status: "ok", message: "Fine." }) },
    ]);
    expect(results.map(({ status, message }) => `${status}: ${message}`)).toEqual([
      "fail: It broke.",
      "fail: No answer within 0.05 s: see what keeps it busy, then verify again.",
      "ok: Fine.",
    ]);
  });

  it("says that Node is too old", async () => {
    const settings = verifySettingsSchema.parse({});
    expect(await checkImage(settings, "24.9.0")).toMatchObject({ status: "fail" });
    expect(await checkImage(settings, "24.12.0")).toMatchObject({ status: "warn" });
  });

  it.each([
    [8, 8, "fail"],
    [24, 24, "warn"],
    [80, 10, "warn"],
    [80, 79, "ok"],
  ])("judges a GPU of %i GiB with %i free as %s", (total, free, status) => {
    const device = {
      name: "GPU",
      type: "cuda",
      vram_total: total * 2 ** 30,
      vram_free: free * 2 ** 30,
    };
    expect(checkVram({ system: { comfyui_version: "0.11.1" }, devices: [device] })).toMatchObject({
      status,
    });
  });

  it("is printed as a table with a summary", () => {
    expect(
      reportText([
        { id: "a", title: "Image", status: "ok", message: "Fine." },
        { id: "b", title: "GPU", status: "skipped", message: "Busy." },
      ]),
    ).toBe(
      "ok       Image  Fine.\nskipped  GPU    Busy.\n\n1 ok, 0 warnings, 0 failed, 1 skipped.",
    );
  });
});

describe("comfymulti-worker verify-deployment", () => {
  const command = `
    import { verifyDeploymentCommand } from ${JSON.stringify(new URL("../src/cli/verify-deployment-command.ts", import.meta.url).href)};
    await verifyDeploymentCommand().parseAsync(process.argv.slice(2), { from: "user" });
  `;
  const run = (parameters: string[], changes: Record<string, string>) =>
    new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        ["--input-type=module", "-e", command, "verify-deployment", ...parameters],
        { env: { PATH: process.env.PATH ?? "", ...environment(changes) } },
        (_error, stdout, stderr) => {
          resolve({ code: child.exitCode, stdout, stderr });
        },
      );
    });

  it("prints JSON and ends with 1 when something failed", async () => {
    const { code, stdout } = await run(["--json"], { QUEUE_MANAGER_URL: "http://127.0.0.1:1" });
    const report = z
      .object({ usable: z.boolean(), checks: z.array(checkResultSchema) })
      .parse(JSON.parse(stdout));
    expect(code).toBe(1);
    expect(report.usable).toBe(false);
    expect(Object.keys(statuses(report.checks))).toEqual(Object.keys(allWell));
  });

  it("prints a table", async () => {
    const { stdout } = await run([], {});
    expect(stdout).toMatch(/^ok +Queue/m);
    expect(stdout).toMatch(/\d ok, \d warnings, \d failed, \d skipped\.\n$/);
  });

  it("ends with 78 and one line when a setting is none", async () => {
    const { code, stdout, stderr } = await run([], { COMFYUI_URL: "no url" });
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toMatch(/^COMFYUI_URL: .*\n$/);
  });
});
