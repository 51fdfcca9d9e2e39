/** Cases of alerts about workers. */
import { series, type Cases } from "./case.ts";

const worker = (name: string, values: string) => series(`${name}{worker="worker-1"}`, values);
const ofWorker = { worker: "worker-1" };

export const workerCases = {
  WorkerGone: {
    fires: [
      {
        what: "a worker has not answered for two minutes",
        input: [series(`up{job="worker",worker="worker-1"}`, "1x5 0x10")],
        at: "8m",
        labels: { job: "worker", ...ofWorker },
        summary: "worker-1 does not answer; its jobs go to the other workers.",
      },
    ],
    quiet: [
      {
        what: "it answers",
        input: [series(`up{job="worker",worker="worker-1"}`, "1x20")],
        at: "8m",
      },
      {
        what: "it missed one answer",
        input: [series(`up{job="worker",worker="worker-1"}`, "1x5 0 1x10")],
        at: "6m",
      },
    ],
  },
  WorkerNotReady: {
    fires: [
      {
        what: "it takes no jobs for six minutes",
        input: [worker("comfymulti_worker_ready", "1x5 0x20")],
        at: "12m",
        labels: ofWorker,
        summary: "worker-1 runs and takes no jobs.",
      },
    ],
    quiet: [
      { what: "it starts", input: [worker("comfymulti_worker_ready", "0x3 1x20")], at: "4m" },
    ],
  },
  WorkerReportsLate: {
    fires: [
      {
        what: "a report that is due each 10 s has not come for 17 s",
        input: [worker("comfymulti_worker_silence_seconds", "4x5 17x5")],
        at: "7m",
        labels: ofWorker,
        summary: "worker-1 is 7s late with its report.",
      },
    ],
    quiet: [
      {
        what: "it has not answered at all for a minute",
        input: [
          worker("comfymulti_worker_silence_seconds", "4x5 40x20"),
          series(`up{job="worker",worker="worker-1"}`, "1x5 0x1 1x20"),
        ],
        at: "7m",
      },
      {
        what: "it starts again and waits for its ComfyUI",
        input: [
          worker("comfymulti_worker_silence_seconds", "40x20"),
          worker("comfymulti_worker_ready", "0x20"),
        ],
        at: "7m",
      },
      {
        what: "it is five seconds late",
        input: [worker("comfymulti_worker_silence_seconds", "15x20")],
        at: "7m",
      },
    ],
  },
  WorkerGpuMemoryHigh: {
    fires: [
      {
        what: "71 of 80 GB are in use",
        input: [
          worker("comfymulti_worker_vram_used_mib", "71000x20"),
          worker("comfymulti_worker_vram_total_mib", "80000x20"),
        ],
        at: "5m",
        labels: ofWorker,
        summary: "worker-1 uses 88.75% of its GPU memory.",
      },
    ],
    quiet: [
      {
        what: "70 of 80 GB are in use",
        input: [
          worker("comfymulti_worker_vram_used_mib", "70000x20"),
          worker("comfymulti_worker_vram_total_mib", "80000x20"),
        ],
        at: "5m",
      },
      {
        what: "71 of 141 GB are in use",
        input: [
          worker("comfymulti_worker_vram_used_mib", "71000x20"),
          worker("comfymulti_worker_vram_total_mib", "141000x20"),
        ],
        at: "5m",
      },
    ],
  },
  ResultsUndelivered: {
    fires: [
      {
        what: "two results wait for a quarter of an hour",
        input: [worker("comfymulti_worker_spool_results", "2x30")],
        at: "15m",
        labels: ofWorker,
        summary: "worker-1 holds 2 results that it can't deliver.",
      },
    ],
    quiet: [
      {
        what: "results come and go",
        input: [worker("comfymulti_worker_spool_results", "2x5 0 1x5 0x10")],
        at: "11m",
      },
    ],
  },
} as const satisfies Readonly<Record<string, Cases>>;
