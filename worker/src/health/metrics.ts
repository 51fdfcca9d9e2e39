/** The worker's figures for Prometheus, `GET /metrics` of the health server. */
import { failureKinds } from "@comfymulti/queue";
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

/** Upper bounds of job times, seconds: a small picture to the longest video. */
const JOB_SECONDS = [1, 2, 5, 10, 20, 40, 60, 120, 300, 600, 900, 1800];
/** Upper bounds of peaks, MiB: in steps that tell the workshop's templates and GPUs apart. */
const PEAK_MIB = [4, 8, 12, 16, 20, 24, 32, 40, 48, 56, 64, 72, 80, 96, 128].map(
  (gib) => gib * 1024,
);

/** Read whenever Prometheus asks. */
export interface PresentFigures {
  /** Results that wait in the spool. */
  readonly undelivered: number;
  readonly undeliveredBytes: number;
  /** GPU memory in use by whatever process, MiB; undefined when nobody can tell. */
  readonly vramUsedMiB: number | undefined;
  readonly vramTotalMiB: number | undefined;
  /** 1 while the worker can claim jobs. */
  readonly ready: boolean;
}

export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #jobs: Counter<"outcome">;
  readonly #seconds: Histogram;
  readonly #peak: Histogram;
  readonly #comfyuiExits: Counter;

  constructor(worker: string, present: () => PresentFigures) {
    const registers = [this.registry];
    this.registry.setDefaultLabels({ worker });
    collectDefaultMetrics({ register: this.registry });
    this.#jobs = new Counter({
      name: "comfymulti_worker_jobs_total",
      help: "Attempts by how they ended: completed, a kind of failure, given-back, dropped",
      labelNames: ["outcome"],
      registers,
    });
    // Each from the start: Prometheus can't tell the first of a kind from one that was always there.
    for (const outcome of ["completed", ...failureKinds, "given-back", "dropped"]) {
      this.#jobs.inc({ outcome }, 0);
    }
    this.#seconds = new Histogram({
      name: "comfymulti_worker_job_seconds",
      help: "From the claim until ComfyUI was done",
      buckets: JOB_SECONDS,
      registers,
    });
    this.#peak = new Histogram({
      name: "comfymulti_worker_job_vram_peak_mib",
      help: "Largest use of the GPU's memory during a job",
      buckets: PEAK_MIB,
      registers,
    });
    this.#comfyuiExits = new Counter({
      name: "comfymulti_worker_comfyui_exits_total",
      help: "How often ComfyUI ended by itself and was started anew",
      registers,
    });
    const figure = (
      name: string,
      help: string,
      read: (now: PresentFigures) => number | undefined,
    ) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          const value = read(present());
          if (value === undefined) this.remove();
          else this.set(value);
        },
      });
    figure("comfymulti_worker_ready", "1 while it can claim jobs", (now) => Number(now.ready));
    figure(
      "comfymulti_worker_spool_results",
      "Results not delivered yet",
      (now) => now.undelivered,
    );
    figure("comfymulti_worker_spool_bytes", "Bytes of them", (now) => now.undeliveredBytes);
    figure("comfymulti_worker_vram_used_mib", "GPU memory in use", (now) => now.vramUsedMiB);
    figure("comfymulti_worker_vram_total_mib", "GPU memory in all", (now) => now.vramTotalMiB);
  }

  jobEnded(outcome: string, seconds: number): void {
    this.#jobs.inc({ outcome });
    this.#seconds.observe(seconds);
  }

  vramPeak(mib: number): void {
    this.#peak.observe(mib);
  }

  comfyuiExited(): void {
    this.#comfyuiExits.inc();
  }
}
