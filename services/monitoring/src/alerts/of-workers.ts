/** Alerts about workers and their GPUs. */
import type { Alert } from "./alert.ts";

export const workerAlerts = [
  {
    name: "WorkerGone",
    severity: "critical",
    title: "A worker does not answer.",
    summary: "{{ $labels.worker }} does not answer; its jobs go to the other workers.",
    cure: "See on the admin page whether other workers go on. Run `comfymulti status` and `comfymulti logs` for the worker. If its machine was taken away (spot), run `comfymulti up`: it rents another.",
    forSeconds: 60,
    expression: () => `up{job="worker"} == 0`,
  },
  {
    name: "WorkerNotReady",
    severity: "warning",
    title: "A worker runs and takes no jobs.",
    summary: "{{ $labels.worker }} runs and takes no jobs.",
    cure: "While it is drained for an upgrade, do nothing. Else its ComfyUI does not answer: read the worker's log; restart the worker if it does not come back by itself.",
    forSeconds: 300,
    expression: () => "comfymulti_worker_ready == 0",
  },
  {
    name: "WorkerReportsLate",
    severity: "warning",
    title: "A worker reports to the queue too late.",
    summary: "{{ $labels.worker }} is {{ $value | humanizeDuration }} late with its report.",
    cure: "The worker's machine is overloaded or its network is bad: look at its CPU and memory, and at `tailscale ping` from the app server. Jobs are safe: a silent worker's job goes to another.",
    threshold: {
      figure: "lateness of a worker's report to the queue",
      ...{ is: "above", value: 5, unit: "seconds" },
    },
    // Seen twice: what the queue and the worker say is not of the same second.
    forSeconds: 15,
    expression: ({ threshold, reportSeconds }) =>
      [
        `max by (worker) (comfymulti_worker_silence_seconds) - ${reportSeconds} > ${threshold}`,
        // One that starts, or does not answer at all, reports nothing: others tell of that.
        `unless on (worker) (comfymulti_worker_ready == 0 or min_over_time(up{job="worker"}[2m]) == 0)`,
      ].join("\n"),
  },
  {
    name: "WorkerGpuMemoryHigh",
    severity: "warning",
    title: "A worker's GPU memory is nearly full.",
    summary: "{{ $labels.worker }} uses {{ $value | humanizePercentage }} of its GPU memory.",
    cure: "ComfyUI keeps models loaded and makes room when a job needs it, so this alone breaks nothing. If jobs fail with `out-of-memory`, the graphs are too big: ask for fewer frames or a smaller picture, or rent a bigger GPU. Restarting the worker empties its memory.",
    threshold: {
      figure: "GPU memory in use on a worker",
      // 70 of 80 GB; as a share, so that it holds for other GPUs.
      ...{ is: "above", value: 0.875, unit: "share" },
    },
    forSeconds: 60,
    expression: ({ threshold }) =>
      `comfymulti_worker_vram_used_mib / comfymulti_worker_vram_total_mib > ${threshold}`,
  },
  {
    name: "ResultsUndelivered",
    severity: "warning",
    title: "A worker can't deliver finished results.",
    summary: "{{ $labels.worker }} holds {{ $value }} results that it can't deliver.",
    cure: "They are safe on the worker's disk. See that the queue managers run and that the app server's disk has room; the worker then delivers by itself. Don't delete this worker before.",
    forSeconds: 600,
    expression: () => "comfymulti_worker_spool_results > 0",
  },
] as const satisfies readonly Alert[];
