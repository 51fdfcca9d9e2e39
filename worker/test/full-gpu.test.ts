/** Another process holds the GPU: what does not fit goes back, what fits goes on. */
import { copyFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ClaimLimit } from "../src/worker/claim-limit.ts";
import { slowGraph, Workshop } from "./support/workshop.ts";

const FAKE = fileURLToPath(new URL("support/fake-nvidia-smi.sh", import.meta.url));

let workshop: Workshop;
let figures: string;
beforeEach(async () => {
  workshop = await Workshop.open();
  figures = join(workshop.directory, "figures");
  await copyFile(FAKE, join(workshop.directory, "nvidia-smi"));
  vi.stubEnv("PATH", [workshop.directory, process.env["PATH"]].join(delimiter));
  vi.stubEnv("FAKE_NVIDIA_SMI", "honest");
  vi.stubEnv("FAKE_NVIDIA_SMI_FILE", figures);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await workshop.close();
});

const inUse = (mib: number) =>
  writeFile(
    figures,
    `0, GPU-00000000-8b6e, NVIDIA H100 80GB HBM3, 81559, ${mib}, ${81_079 - mib}\n`,
  );

it("gives a job back that does not fit, without using it up, and takes a smaller one", async () => {
  await inUse(60_000);
  await workshop.startWorker({ VRAM_WAIT_SECONDS: "0.2" });
  const large = await workshop.enqueue(slowGraph(), ["3"], { vramMiB: 55_000 });
  const small = await workshop.enqueue(slowGraph({}, 7), ["3"], { vramMiB: 15_000 });
  expect(await workshop.reaches(small, "completed", "failed")).toMatchObject({
    state: "completed",
  });
  expect(await workshop.queue.job(large)).toMatchObject({ state: "pending", faults: 0, losses: 0 });
});

it("notes what jobs with the same models took, once for each that completes", async () => {
  await inUse(21_000);
  await workshop.startWorker();
  const models = ["flux.safetensors"];
  const id = await workshop.enqueue(slowGraph(), ["3"], { models });
  await workshop.reaches(id, "completed", "failed");
  expect(await workshop.queue.vramPeaks()).toEqual([{ models, peaksMiB: [21_000] }]);
});

it("limits claims for a minute, then says that larger jobs may be claimed again", () => {
  vi.useFakeTimers();
  const over = vi.fn();
  const limit = new ClaimLimit(over);
  expect(limit.of(80_000)).toBe(80_000);
  limit.lowerTo(19_000);
  expect(limit.of(80_000)).toBe(19_000);
  vi.advanceTimersByTime(59_000);
  expect(over).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(over).toHaveBeenCalledOnce();
  expect(limit.of(80_000)).toBe(80_000);
  vi.useRealTimers();
});
