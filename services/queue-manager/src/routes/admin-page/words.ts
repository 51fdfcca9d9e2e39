/** Figures and reasons in plain words, for a host who is no programmer. */
import type { Failure, Worker } from "@comfymulti/queue";

const failureWords: Readonly<Record<Failure["kind"], string>> = {
  "graph-refused": "ComfyUI refused the workflow",
  "execution-error": "A node of the workflow failed",
  "out-of-memory": "The workflow needs more GPU memory than there is",
  "comfyui-crashed": "ComfyUI crashed over it",
  "timed-out": "It took too long and was stopped",
  "outputs-missing": "Its results could not be fetched",
  "worker-lost": "The machines that ran it went away",
};

/** Why a job failed, in a few words; its own message says more. */
export const failureInWords = (failure: Failure | undefined): string =>
  failure ? failureWords[failure.kind] : "The reason is not known";

/** What a worker does now. */
export const statusInWords: Readonly<Record<Worker["status"], string>> = {
  idle: "free",
  starting: "waiting for a GPU to start",
  running: "computing",
  draining: "taken out; ends its job",
  lost: "silent: switched off or out of reach",
};

/** "20 s", "3 min", "2 h 5 min"; never below 0, since two clocks may differ a little. */
export function duration(ms: number): string {
  if (ms < 1000) return "under 1 s";
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "12 KiB", "1.2 MiB", "3.0 GiB". */
export function size(bytes: number): string {
  const kib = bytes / 1024;
  if (kib < 1024) return `${Math.ceil(kib)} KiB`;
  const mib = kib / 1024;
  return mib < 1024 ? `${mib.toFixed(mib < 10 ? 1 : 0)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

/** "1 job", "2 jobs". */
export const count = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? "" : "s"}`;
