/** The GPU's memory: a tool that can't be believed stops no job, a full GPU stops the right ones. */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SystemStats } from "../src/comfyui/answers.ts";
import { readGpus } from "../src/vram/nvidia-smi.ts";
import { chooseGpu } from "../src/vram/own-gpu.ts";
import { VramGuard } from "../src/vram/vram-guard.ts";
import { VramMeter } from "../src/vram/vram-meter.ts";

const FAKE = fileURLToPath(new URL("support/fake-nvidia-smi.sh", import.meta.url));
const WORKER = fileURLToPath(new URL("../comfymulti-worker.mjs", import.meta.url));
const MIB = 1024 * 1024;
const TOTAL = 81_559;
/** What the driver keeps for itself. */
const RESERVED = 480;

let folder: string;
let figures: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "comfymulti-vram-"));
  figures = join(folder, "figures");
  await writeFile(figures, "");
  vi.stubEnv("FAKE_NVIDIA_SMI_FILE", figures);
  vi.stubEnv("FAKE_NVIDIA_SMI", "honest");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const uuid = (index: number) => `GPU-0000000${index}-8b6e-4d0c-9b86-1f2f6c3a9d11`;

/** The machine has a GPU for each of these, with so many MiB in use. */
const inUse = (...usedMiB: readonly number[]) =>
  writeFile(
    figures,
    usedMiB
      .map((used, index) => {
        const free = TOTAL - RESERVED - used;
        return `${index}, ${uuid(index)}, NVIDIA H100 80GB HBM3, ${TOTAL}, ${used}, ${free}\n`;
      })
      .join(""),
  );

describe("nvidia-smi", () => {
  it("is read when it is honest", async () => {
    await inUse(1_000, 0);
    expect(await readGpus({ program: FAKE })).toEqual({
      kind: "read",
      gpus: [
        { index: 0, uuid: uuid(0), usedMiB: 1_000, freeMiB: TOTAL - RESERVED - 1_000 },
        { index: 1, uuid: uuid(1), usedMiB: 0, freeMiB: TOTAL - RESERVED },
      ].map((gpu) => ({ ...gpu, name: "NVIDIA H100 80GB HBM3", totalMiB: TOTAL })),
    });
  });

  it.each([
    ["empty", /lists no GPU/],
    ["header", /GPU index: index is no index/],
    ["units", /GPU 0: totalMiB is no number of MiB/],
    ["not-available", /GPU 0: usedMiB is no number of MiB/],
    ["not-supported", /GPU 0: totalMiB is no number of MiB/],
    ["error-word", /GPU 0: usedMiB is no number of MiB/],
    ["negative", /GPU 0: usedMiB is no number of MiB/],
    ["fraction", /GPU 0: usedMiB is no number of MiB/],
    ["more-free-than-there-is", /GPU 0: more is free than there is/],
    ["more-used-than-there-is", /GPU 0: used and free are more than there is/],
    ["nothing-in-all", /GPU 0: totalMiB must not be 0/],
    ["absurd", /GPU 0: totalMiB/],
    ["short-line", /a line of 4 fields instead of 6/],
    ["long-line", /a line of 7 fields instead of 6/],
    ["twice", /names GPU 0 twice/],
    ["one-of-two-odd", /GPU 1: freeMiB is no number of MiB/],
    ["failure-with-figures", /ended with exit code 9/],
    ["driver-gone", /ended with exit code 9/],
    ["flood", /says more than it should/],
    ["hang", /did not answer within 0.3 s/],
  ])("that lies (%s) tells nothing, with the reason", async (way, reason) => {
    vi.stubEnv("FAKE_NVIDIA_SMI", way);
    const timeoutMs = way === "hang" ? 300 : 10_000;
    expect(await readGpus({ program: FAKE, timeoutMs })).toEqual({
      kind: "unknown",
      reason: expect.stringMatching(reason),
    });
  });

  it("that is missing or can't be executed tells nothing", async () => {
    const program = join(folder, "nvidia-smi");
    expect(await readGpus({ program })).toMatchObject({ reason: "nvidia-smi is not there." });
    await copyFile(FAKE, program);
    await chmod(program, 0o644);
    expect(await readGpus({ program })).toMatchObject({
      reason: "nvidia-smi may not be executed.",
    });
  });
});

describe("the GPU that ComfyUI computes on", () => {
  const gpus = [0, 1, 2].map((index) => ({
    ...{ index, uuid: uuid(index), name: "H100" },
    ...{ totalMiB: TOTAL, usedMiB: 0, freeMiB: TOTAL },
  }));
  it.each([
    [undefined, 1, 1],
    ["2,0", 0, 2],
    ["2,0", 1, 0],
    [`${uuid(1)}`, 0, 1],
    ["GPU-00000002", 0, 2],
    // Every UUID here begins so: CUDA takes a beginning only when it is one GPU's.
    ["GPU-0000000", 0, undefined],
    ["0,9,1", 1, undefined],
    ["", 0, undefined],
    ["MIG-11111111-2222", 0, undefined],
    ["1", 1, undefined],
  ])("with CUDA_VISIBLE_DEVICES %s, device %i is GPU %s", (visibleDevices, deviceIndex, index) => {
    const choice = visibleDevices === undefined ? {} : { visibleDevices };
    expect(chooseGpu(gpus, { ...choice, deviceIndex })?.index).toBe(index);
  });
});

describe("the guard", () => {
  const warnings: string[] = [];
  const log = pino(
    { level: "warn" },
    { write: (line: string) => void warnings.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const patient = new AbortController().signal;
  beforeEach(() => {
    warnings.length = 0;
  });

  /** A ComfyUI that holds so many MiB, and what happens when it is asked to free them. */
  function guard({ heldMiB = 0, index = 0, free = async () => {}, waitMs = 200 } = {}) {
    const comfyui = {
      systemStats: () =>
        Promise.resolve<SystemStats>({
          system: { comfyui_version: "0.11.1" },
          devices: [
            {
              ...{ name: "cuda:0 H100 : native", type: "cuda", index },
              ...{ vram_total: TOTAL * MIB, vram_free: 0, torch_vram_total: heldMiB * MIB },
            },
          ],
        }),
      free: vi.fn(free),
    };
    const readFake = () => readGpus({ program: FAKE });
    const options = { comfyui, log, waitMs, pollMs: 20, readGpus: readFake };
    return { comfyui, guard: new VramGuard(options) };
  }

  it("lets a job run that fits with 2 GiB to spare, and asks ComfyUI for nothing", async () => {
    await inUse(20_000);
    const { comfyui, guard: it } = guard();
    expect(await it.makeRoom(TOTAL - RESERVED - 20_000 - 2_048, patient)).toEqual({ kind: "fits" });
    expect(comfyui.free).not.toHaveBeenCalled();
  });

  it("gives a job back that would fit without the margin only", async () => {
    await inUse(20_000);
    const { comfyui, guard: it } = guard();
    expect(await it.makeRoom(TOTAL - RESERVED - 20_000 - 2_047, patient)).toMatchObject({
      kind: "full",
      freeMiB: TOTAL - RESERVED - 20_000 - 2_048,
      reason: expect.stringContaining("another process holds the rest"),
    });
    expect(comfyui.free).toHaveBeenCalledExactlyOnceWith(true, true);
  });

  it("counts what ComfyUI itself holds as free", async () => {
    await inUse(70_000);
    expect(await guard({ heldMiB: 69_000 }).guard.makeRoom(60_000, patient)).toEqual({
      kind: "fits",
    });
    expect(await guard({ heldMiB: 10_000 }).guard.makeRoom(60_000, patient)).toMatchObject({
      kind: "full",
    });
  });

  it("believes no ComfyUI that says it holds more than is in use", async () => {
    await inUse(1_000);
    const { guard: it } = guard({ heldMiB: 500_000 });
    expect(await it.makeRoom(TOTAL + 10_000, patient)).toMatchObject({ kind: "full" });
  });

  it("lets a job run that needs nearly the whole GPU, when the GPU is empty", async () => {
    await inUse(0);
    expect(await guard().guard.makeRoom(TOTAL - 1_000, patient)).toEqual({ kind: "fits" });
  });

  it("waits until memory is freed", async () => {
    await inUse(70_000);
    const { guard: it } = guard({ waitMs: 20_000, free: () => inUse(1_000) });
    expect(await it.makeRoom(60_000, patient)).toEqual({ kind: "fits" });
  });

  it("looks at the GPU that ComfyUI computes on, not at its neighbours", async () => {
    await inUse(70_000, 0);
    expect(await guard({ index: 1 }).guard.makeRoom(60_000, patient)).toEqual({ kind: "fits" });
    expect(await guard({ index: 0 }).guard.makeRoom(60_000, patient)).toMatchObject({
      kind: "full",
    });
  });

  it("ends its wait with the job", async () => {
    await inUse(70_000);
    const stop = new AbortController();
    const reason = new Error("cancelled");
    const { guard: it } = guard({
      waitMs: 60_000,
      free: async () => {
        stop.abort(reason);
      },
    });
    await expect(it.makeRoom(60_000, stop.signal)).rejects.toBe(reason);
  });

  it("lets jobs run while nobody can tell, and warns once for each reason", async () => {
    const { guard: it } = guard();
    vi.stubEnv("FAKE_NVIDIA_SMI", "driver-gone");
    for (let job = 0; job < 3; job++) {
      expect(await it.makeRoom(60_000, patient)).toMatchObject({ kind: "unknown" });
    }
    vi.stubEnv("FAKE_NVIDIA_SMI", "not-available");
    expect(await it.makeRoom(60_000, patient)).toMatchObject({ kind: "unknown" });
    expect(warnings).toEqual([
      expect.stringContaining("exit code 9"),
      expect.stringContaining("usedMiB is no number"),
    ]);
    vi.stubEnv("FAKE_NVIDIA_SMI", "honest");
    await inUse(0);
    expect(await it.makeRoom(60_000, patient)).toEqual({ kind: "fits" });
  });
});

describe("the meter", () => {
  it("keeps the largest use that it saw", async () => {
    const uses = [1_000, 50_000, 20_000, undefined];
    let looks = 0;
    const meter = new VramMeter(() => {
      const usedMiB = uses[Math.min(looks++, uses.length - 1)];
      const gpu = { index: 0, uuid: uuid(0), name: "H100", totalMiB: TOTAL, freeMiB: 0 };
      return Promise.resolve(usedMiB === undefined ? undefined : { ...gpu, usedMiB });
    }, 5);
    meter.start();
    await vi.waitUntil(() => looks >= uses.length);
    expect(meter.stop()).toBe(50_000);
  });

  it("asks once only where nobody can tell", async () => {
    const read = vi.fn(() => Promise.resolve(undefined));
    const meter = new VramMeter(read, 5);
    meter.start();
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect(read).toHaveBeenCalledOnce();
    expect(meter.stop()).toBeUndefined();
  });

  it("knows nothing where the look itself fails", async () => {
    const read = vi.fn(() => Promise.reject(new Error("no driver")));
    const meter = new VramMeter(read, 5);
    meter.start();
    await vi.waitUntil(() => read.mock.calls.length >= 2);
    expect(meter.stop()).toBeUndefined();
  });
});

describe("comfymulti-worker vram", () => {
  /** The command as a process that finds the fake tool by its real name. */
  async function vram(...parameters: readonly string[]) {
    await copyFile(FAKE, join(folder, "nvidia-smi"));
    const env = { ...process.env, PATH: [folder, process.env["PATH"]].join(delimiter) };
    const run = promisify(execFile)(process.execPath, [WORKER, "vram", ...parameters], { env });
    return await run.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  it("check says by its exit code whether so much is free, with 2 GiB to spare", async () => {
    await inUse(40_000);
    expect(await vram("check", "38000")).toMatchObject({
      code: 0,
      stdout: `It fits: 38000 MiB and 2048 to spare, ${TOTAL - RESERVED - 40_000} of ${TOTAL} MiB are free on GPU 0, NVIDIA H100 80GB HBM3.\n`,
    });
    expect(await vram("check", "40000")).toMatchObject({ code: 1 });
    expect(await vram("check", "40000", "--margin", "0")).toMatchObject({ code: 0 });
    const { code, stdout } = await vram("check", "41000", "--margin", "0", "--json");
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 0, fits: true });
  });

  it("check looks at the GPU that it is told", async () => {
    await inUse(70_000, 0);
    expect(await vram("check", "60000")).toMatchObject({ code: 1 });
    expect(await vram("check", "60000", "--gpu", "1")).toMatchObject({ code: 0 });
  });

  it("check lets jobs run, with a warning, when nobody can tell", async () => {
    vi.stubEnv("FAKE_NVIDIA_SMI", "driver-gone");
    const stderr = expect.stringMatching(/^Nobody can tell, so jobs run: .*exit code 9\.\n$/);
    expect(await vram("check", "60000")).toMatchObject({ code: 0, stdout: "", stderr });
    await inUse(0);
    vi.stubEnv("FAKE_NVIDIA_SMI", "honest");
    expect(await vram("check", "60000", "--gpu", "7")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("no GPU 7"),
    });
  });

  it.each([[["check"]], [["check", "much"]], [["check", "-5"]], [["check", "1", "--gpu", "x"]]])(
    "%j is a usage error, without a stack trace",
    async (parameters) => {
      const { code, stderr } = await vram(...parameters);
      expect(code).toBe(2);
      expect(stderr).not.toContain("at ");
    },
  );

  it("show lists every GPU", async () => {
    await inUse(1_000, 2_000);
    const { code, stdout } = await vram("show");
    expect(code).toBe(0);
    expect(stdout.split("\n").filter((line) => line.includes("H100"))).toHaveLength(2);
    expect(await readFile(figures, "utf8")).toContain("2000");
  });
});
