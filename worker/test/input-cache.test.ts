/** A participant's file goes to ComfyUI once, and a graph never reads anything else for that. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSimulatedComfyui } from "@comfymulti/simulated-comfyui";
import type { SimulatedComfyui } from "@comfymulti/simulated-comfyui";
import { loadObjectInfo } from "@comfymulti/workflows";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Browser } from "../../services/queue-manager/test/browser.ts";
import { TOKENS, startGateway } from "../../services/queue-manager/test/gateway.ts";
import type { TestGateway } from "../../services/queue-manager/test/gateway.ts";
import { graph } from "../../services/queue-manager/test/scripted-worker.ts";
import { ComfyuiClient } from "../src/comfyui/client.ts";
import { InputCache } from "../src/job-runner/input-cache.ts";
import { UnusableInputError, stageInputs, userInput } from "../src/job-runner/inputs.ts";
import { QueueManagerClient } from "../src/results/queue-manager.ts";

const objectInfo = loadObjectInfo("0.11.1");

describe("input files of one job after another", () => {
  let gateway: TestGateway;
  let directory: string;
  let dataDirectory: string;
  let simulated: SimulatedComfyui;
  let queueManager: QueueManagerClient;
  let comfyui: ComfyuiClient;
  let inputCache: InputCache;
  beforeEach(async () => {
    gateway = await startGateway();
    directory = await mkdtemp(join(tmpdir(), "comfymulti-inputs-"));
    dataDirectory = join(directory, "first");
    simulated = await createSimulatedComfyui({ dataDirectory });
    queueManager = new QueueManagerClient(gateway.origin, TOKENS.worker, 10_000);
    comfyui = new ComfyuiClient(simulated.url, 10_000);
    inputCache = new InputCache();
    vi.spyOn(queueManager, "getInput");
    vi.spyOn(comfyui, "uploadInput");
  });
  afterEach(async () => {
    await queueManager.close();
    await comfyui.close();
    await simulated.close();
    await gateway.close();
    await rm(directory, { recursive: true });
  });

  async function upload(browser: Browser, bytes: string, name = "photo.png"): Promise<void> {
    const form = new FormData();
    form.append("image", new Blob([bytes]), name);
    form.append("overwrite", "true");
    const response = await browser.fetch("/upload/image", { method: "POST", body: form });
    expect(response.status).toBe(200);
  }

  /** Stages a graph with this file. Returns the name in it, and what ComfyUI has under that name. */
  async function stage(browser: Browser, name = "photo.png") {
    await browser.submit(graph);
    const claim = await gateway.queue.claim("worker-1", 80_000);
    if (!claim) throw new Error("no job waits");
    const { job, attempt } = claim;
    const holder = { worker: "worker-1", job: job.id, attempt };
    const prompt = { "1": { class_type: "LoadImage", inputs: { image: name } } };
    const parts = { comfyui, queueManager, objectInfo, holder, inputCache, directory };
    const staged = await stageInputs(parts, { ...claim, payload: { ...claim.payload, prompt } });
    const image = (staged["1"] as (typeof prompt)["1"]).inputs.image;
    return { image, bytes: await readFile(join(dataDirectory, "input", image), "utf8") };
  }

  const fetches = () => vi.mocked(queueManager.getInput).mock.calls.length;
  const uploads = () => vi.mocked(comfyui.uploadInput).mock.calls.length;

  it("are fetched and uploaded once while they stay the same", async () => {
    await upload(gateway.alice, "a picture");
    const first = await stage(gateway.alice);
    expect(first).toEqual({ image: "user001/input/photo.png", bytes: "a picture" });
    expect(await stage(gateway.alice)).toEqual(first);
    expect(await stage(gateway.alice)).toEqual(first);
    expect([fetches(), uploads()]).toEqual([1, 1]);
  });

  it("are fetched again when the participant uploads others under the name", async () => {
    await upload(gateway.alice, "a picture");
    await stage(gateway.alice);
    await upload(gateway.alice, "with a mask");
    expect((await stage(gateway.alice)).bytes).toBe("with a mask");
    await upload(gateway.alice, "a picture");
    expect((await stage(gateway.alice)).bytes).toBe("a picture");
    expect(fetches()).toBe(3);
  });

  it("bear each participant's own name, whatever others uploaded", async () => {
    for (const browser of [gateway.alice, gateway.bob]) await upload(browser, "the same");
    await stage(gateway.alice);
    const { image } = await stage(gateway.bob);
    expect(image).toBe("user002/input/photo.png");
    const shown = { filename: "photo.png", subfolder: "user002/input", type: "input" } as const;
    expect(userInput("user002", shown)).toEqual({ ...shown, subfolder: "" });
    expect(fetches()).toBe(2);
  });

  it.each([
    ["was removed from", (file: string) => rm(file)],
    ["was altered in", (file: string) => writeFile(file, "b picture")],
  ])("are fetched again when one %s ComfyUI's folder", async (_what, spoil) => {
    await upload(gateway.alice, "a picture");
    const { image } = await stage(gateway.alice);
    await spoil(join(dataDirectory, "input", image));
    expect((await stage(gateway.alice)).bytes).toBe("a picture");
    expect([fetches(), uploads()]).toEqual([2, 2]);
  });

  it("are fetched again when ComfyUI came back with an empty folder", async () => {
    await upload(gateway.alice, "a picture");
    await stage(gateway.alice);
    await simulated.close();
    dataDirectory = join(directory, "second");
    const port = Number(new URL(simulated.url).port);
    simulated = await createSimulatedComfyui({ dataDirectory, port });
    expect((await stage(gateway.alice)).bytes).toBe("a picture");
    expect(fetches()).toBe(2);
  });

  it("are not used any more when the participant's file is gone", async () => {
    await upload(gateway.alice, "a picture");
    await stage(gateway.alice);
    await rm(join(gateway.dataDirectory, "inputs", "user001", "photo.png"));
    await expect(stage(gateway.alice)).rejects.toThrow(UnusableInputError);
  });
});

describe("the cache", () => {
  const MIB = 1024 ** 2;
  const input = (size: number, name = "name") => ({ size, sha256: "0".repeat(64), name });

  it("forgets what was not used for longest when it is full", () => {
    const cache = new InputCache(10 * MIB);
    for (const name of ["a", "b", "c"]) cache.remember("user001/input", name, input(3 * MIB));
    cache.find("user001/input", "a");
    cache.remember("user001/input", "d", input(3 * MIB));
    const known = ["a", "b", "c", "d"].filter((name) => cache.find("user001/input", name));
    expect(known).toEqual(["a", "c", "d"]);
  });

  it("holds what was replaced only once, and nothing that is larger than itself", () => {
    const cache = new InputCache(10 * MIB);
    for (let time = 0; time < 20; time++) cache.remember("user001/input", "a", input(6 * MIB));
    cache.remember("user001/input", "b", input(4 * MIB));
    expect(cache.find("user001/input", "a")).toBeDefined();
    cache.remember("user001/input", "huge", input(11 * MIB));
    expect(cache.find("user001/input", "huge")).toBeUndefined();
  });

  it("bounds the number of small files too", () => {
    const cache = new InputCache(MIB);
    for (let number = 0; number < 100; number++) {
      cache.remember("user001/input", String(number), input(1));
    }
    const known = Array.from({ length: 100 }, (_, number) =>
      cache.find("user001/input", String(number)),
    );
    expect(known.filter(Boolean)).toHaveLength(16);
  });
});
