import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { registerDiskGauges } from "./disk-gauges.ts";
import { WorkerMetrics } from "./metrics.ts";

const newMetrics = () =>
  new WorkerMetrics("worker-1", () => ({
    ...{ undelivered: 0, undeliveredBytes: 0, ready: true },
    ...{ vramUsedMiB: undefined, vramTotalMiB: undefined },
  }));

test("every outcome of a job is there before the first, so that the first one counts", async () => {
  const metrics = newMetrics();
  metrics.jobEnded("timed-out", 3);
  const text = await metrics.registry.metrics();
  for (const outcome of ["completed", "out-of-memory", "worker-lost", "given-back", "dropped"]) {
    expect(text).toContain(
      `comfymulti_worker_jobs_total{outcome="${outcome}",worker="worker-1"} 0`,
    );
  }
  expect(text).toContain(`comfymulti_worker_jobs_total{outcome="timed-out",worker="worker-1"} 1`);
});

test("the disk of results is told, and left out while its folder is not there", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-metrics-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { registry } = newMetrics();
  registerDiskGauges(registry, folder);
  const figure = async (name: string) =>
    Number(new RegExp(`^${name}\\{.*\\} (.+)$`, "m").exec(await registry.metrics())?.[1]);

  const free = await figure("comfymulti_worker_disk_free_bytes");
  expect(free).toBeGreaterThan(0);
  expect(await figure("comfymulti_worker_disk_size_bytes")).toBeGreaterThanOrEqual(free);
  await rm(folder, { recursive: true });
  expect(await figure("comfymulti_worker_disk_free_bytes")).toBeNaN();
});
