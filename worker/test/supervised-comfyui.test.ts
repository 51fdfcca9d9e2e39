/** A worker that runs its ComfyUI itself, as in its image: started, watched, started again, ended. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freePort } from "./support/free-port.ts";
import { slowGraph, testNodeGraph, until, Workshop } from "./support/workshop.ts";

const SIMULATOR = fileURLToPath(new URL("../simulated-comfyui/src/main.ts", import.meta.url));

let workshop: Workshop;
let comfyui: { readonly url: string; readonly settings: Record<string, string> };
beforeEach(async () => {
  workshop = await Workshop.open();
  const port = String(await freePort());
  const own = {
    PORT: port,
    DATA_DIRECTORY: join(workshop.directory, "own-comfyui"),
    SPEED: "1000",
    TEST_NODES: "true",
    LOG_LEVEL: "silent",
  };
  const variables = Object.entries(own).map(([name, value]) => `${name}=${value}`);
  comfyui = {
    url: `http://127.0.0.1:${port}`,
    settings: {
      COMFYUI_URL: `http://127.0.0.1:${port}`,
      COMFYUI_COMMAND: JSON.stringify(["env", ...variables, process.execPath, SIMULATOR]),
    },
  };
});
afterEach(() => workshop.close());

const metrics = async (url: string): Promise<string> =>
  await (await fetch(new URL("/metrics", url))).text();

it("starts ComfyUI, runs a job in it, and ends it with the worker", async () => {
  const worker = await workshop.startWorker(comfyui.settings);
  const id = await workshop.enqueue(slowGraph());
  expect(await workshop.reaches(id, "completed", "failed")).toMatchObject({ state: "completed" });
  expect(await metrics(worker.healthUrl)).toMatch(
    /comfymulti_worker_jobs_total\{outcome="completed",worker="worker-1"\} 1\n/,
  );
  await worker.close();
  await expect(fetch(comfyui.url)).rejects.toThrow();
});

it("starts a ComfyUI that a job took down again, and goes on with the next job", async () => {
  const worker = await workshop.startWorker(comfyui.settings);
  const fatal = await workshop.enqueue(testNodeGraph("GwCrash"));
  const next = await workshop.enqueue(slowGraph());
  expect(await workshop.reaches(fatal, "failed", "completed")).toMatchObject({
    failure: { kind: "comfyui-crashed" },
    faults: 3,
  });
  expect(await workshop.reaches(next, "failed", "completed")).toMatchObject({ state: "completed" });
  // Its last exit is noticed in its own time.
  await until(async () =>
    /comfymulti_worker_comfyui_exits_total\{worker="worker-1"\} 3\n/.test(
      await metrics(worker.healthUrl),
    ),
  );
}, 60_000);
