/** Proves that no job is lost or done twice when a part of the workshop goes away in mid-job. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Workshop, slowGraph, testNodeGraph, until } from "./support/workshop.ts";

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(async () => {
  await workshop.close();
});

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** A worker as its own process. Killed at the end when it still runs. */
function workerProcess(environment: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "inherit", "inherit"],
  });
  workshop.atEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  return child;
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

const endings = (id: string): readonly string[] =>
  workshop.states
    .filter((event) => event.job === id && ["completed", "failed"].includes(event.reason))
    .map((event) => event.reason);

/** Whether the first attempt's result is safe on disk. */
const hasRecord = (id: string): Promise<boolean> =>
  readdir(join(workshop.directory, "spool", `${id}.1`)).then(
    (names) => names.includes("record.json"),
    () => false,
  );

const spooled = (): Promise<string[]> => readdir(join(workshop.directory, "spool")).catch(() => []);

describe("ComfyUI goes away", () => {
  it("gives a job back when ComfyUI dies, and finishes it when ComfyUI is back", async () => {
    await workshop.startWorker();
    const id = await workshop.enqueue(slowGraph({ steps: 20, ms: 100 }));
    await until(() => workshop.messagesOf("progress").length > 0);
    workshop.comfyui.crash();
    await workshop.restartComfyui();
    const job = await workshop.reaches(id, "completed", "failed");
    expect(job).toMatchObject({ state: "completed", attempt: 2 });
    expect(workshop.states.map((event) => event.reason)).toContain("requeued");
    expect(endings(id)).toEqual(["completed"]);
  });

  it("goes on listening when only the socket breaks", async () => {
    await workshop.startWorker();
    const id = await workshop.enqueue(slowGraph({ steps: 20, ms: 100 }));
    await until(() => workshop.messagesOf("progress").length > 0);
    for (const client of workshop.comfyui.app.websocketServer.clients) client.terminate();
    const job = await workshop.reaches(id, "completed", "failed");
    expect(job).toMatchObject({ state: "completed", attempt: 1 });
    await until(() => workshop.messagesOf("executed").length > 0);
    expect(workshop.messagesOf("progress").at(-1)?.message.data["value"]).toBe(20);
  });

  it("fails a job that takes ComfyUI down each time", async () => {
    await workshop.startWorker();
    const id = await workshop.enqueue(testNodeGraph("GwCrash"));
    for (let crash = 1; crash <= 3; crash += 1) {
      await until(async () => ((await workshop.queue.job(id))?.attempt ?? 0) >= crash);
      await until(() =>
        fetch(`${workshop.comfyui.url}/prompt`).then(
          () => false,
          () => true,
        ),
      );
      await workshop.restartComfyui();
    }
    const job = await workshop.reaches(id, "failed");
    expect(job.failure?.kind).toBe("comfyui-crashed");
  }, 60_000);
});

describe("the worker goes away", () => {
  it("leaves its job to another worker when it is killed, and the job ends once", async () => {
    const first = workerProcess(await workshop.environment());
    const id = await workshop.enqueue(slowGraph({ steps: 40, ms: 100 }));
    await until(() => workshop.messagesOf("progress").length > 0);
    first.kill("SIGKILL");
    await exitCode(first);
    const spool = join(workshop.directory, "spool-2");
    await workshop.startWorker({ WORKER_NAME: "worker-2", SPOOL_DIRECTORY: spool });
    const job = await workshop.reaches(id, "completed", "failed");
    expect(job).toMatchObject({ state: "completed", attempt: 2, worker: "worker-2" });
    expect(endings(id)).toEqual(["completed"]);
  }, 60_000);

  it("gives a running job back on SIGTERM and exits with 0", async () => {
    const child = workerProcess(await workshop.environment({ DRAIN_SECONDS: "0" }));
    const id = await workshop.enqueue(slowGraph({ steps: 500, ms: 50 }));
    await until(() => workshop.messagesOf("progress").length > 0);
    child.kill("SIGTERM");
    expect(await exitCode(child)).toBe(0);
    expect((await workshop.queue.job(id))?.state).toBe("pending");
    expect(await workshop.queue.workers()).toEqual([]);
  });

  it("exits with 1 and one sentence when ComfyUI does not come up in time", async () => {
    const comfyui = { COMFYUI_URL: "http://127.0.0.1:9", STARTUP_TIMEOUT_SECONDS: "0.2" };
    expect(await exitCode(workerProcess(await workshop.environment(comfyui)))).toBe(1);
  });

  it("exits with 0 on SIGTERM while it waits for ComfyUI", async () => {
    const environment = await workshop.environment({ COMFYUI_URL: "http://127.0.0.1:9" });
    const child = workerProcess(environment);
    const health = `http://127.0.0.1:${environment["HEALTH_PORT"] ?? ""}/health`;
    const status = () => fetch(health).then((answer) => answer.status);
    await until(() =>
      status()
        .then((code) => code === 503)
        .catch(() => false),
    );
    child.kill("SIGTERM");
    expect(await exitCode(child)).toBe(0);
  });

  it("finishes a running job on SIGTERM when it ends within the drain time", async () => {
    const child = workerProcess(await workshop.environment({ DRAIN_SECONDS: "15" }));
    const id = await workshop.enqueue(slowGraph({ steps: 10, ms: 50 }));
    await until(() => workshop.messagesOf("progress").length > 0);
    child.kill("SIGTERM");
    expect(await exitCode(child)).toBe(0);
    expect((await workshop.queue.job(id))?.state).toBe("completed");
  });
});

describe("Redis goes away", () => {
  it("delivers the result once Redis is back, when it was away as the job ended", async () => {
    await workshop.startWorker();
    const id = await workshop.enqueue(slowGraph({ steps: 10, ms: 50 }));
    await until(() => workshop.messagesOf("progress").length > 0);
    await workshop.redis.kill();
    const history = () => fetch(`${workshop.comfyui.url}/history/${id}`);
    await until(async () => (await (await history()).text()).includes("execution_success"));
    await workshop.redis.restart();
    await until(() =>
      workshop.queue.ping().then(
        () => true,
        () => false,
      ),
    );
    const job = await workshop.reaches(id, "completed", "failed");
    expect(job).toMatchObject({ state: "completed" });
    expect(workshop.receiver.outputs.size).toBe(1);
  }, 60_000);
});

describe("the queue manager goes away", () => {
  it("keeps the result, and delivers it when the queue manager is back", async () => {
    await workshop.startWorker();
    workshop.receiver.down = true;
    const id = await workshop.enqueue(slowGraph());
    await until(() => workshop.receiver.refused > 4);
    expect((await workshop.reaches(id, "running")).attempt).toBe(1);
    expect(workshop.messagesOf("executed")).toEqual([]);
    workshop.receiver.down = false;
    await workshop.reaches(id, "completed");
    await until(() => workshop.messagesOf("executed").length > 0);
    expect(workshop.receiver.outputs.size).toBe(1);
    await until(async () => (await spooled()).length === 0);
  }, 60_000);

  it("delivers after a kill between the run and the delivery", async () => {
    workshop.receiver.down = true;
    // A lease that outlives the restart, as it does when a worker comes back at once.
    const environment = await workshop.environment({ LEASE_SECONDS: "60" });
    const first = workerProcess(environment);
    const id = await workshop.enqueue(slowGraph());
    await until(() => hasRecord(id));
    first.kill("SIGKILL");
    await exitCode(first);
    workshop.receiver.down = false;
    workerProcess(environment);
    const job = await workshop.reaches(id, "completed", "failed");
    expect(job).toMatchObject({ state: "completed", attempt: 1 });
    expect(endings(id)).toEqual(["completed"]);
    await until(async () => (await spooled()).length === 0);
  }, 60_000);

  it("discards a kept result when another worker was given the job meanwhile", async () => {
    workshop.receiver.down = true;
    const environment = await workshop.environment();
    const first = workerProcess(environment);
    const id = await workshop.enqueue(slowGraph());
    await until(() => hasRecord(id));
    first.kill("SIGKILL");
    await exitCode(first);
    workshop.receiver.down = false;
    const spool = join(workshop.directory, "spool-2");
    await workshop.startWorker({ WORKER_NAME: "worker-2", SPOOL_DIRECTORY: spool });
    expect(await workshop.reaches(id, "completed")).toMatchObject({ attempt: 2 });
    workerProcess(environment);
    await until(async () => (await spooled()).length === 0);
    expect(endings(id)).toEqual(["completed"]);
    expect((await workshop.queue.job(id))?.worker).toBe("worker-2");
  }, 60_000);
});
