/** Whether what was seen in a watch window is well. Pure: samples and limits in, a breach out. */
import type { Limits } from "./limits.ts";

/** One look at the stack; counts begin with the phase. */
export interface Sample {
  /** ms since the epoch. */
  readonly at: number;
  /** Jobs that wait. */
  readonly pending: number;
  /** Jobs that ended since the phase's update. Cancelled ones are nobody's fault. */
  readonly completed: number;
  readonly failed: number;
  readonly lostAttempts: number;
  /** By service. */
  readonly restarts: Readonly<Record<string, number>>;
  /** Services and editors that do not answer. */
  readonly unhealthy: readonly string[];
  readonly workers: readonly {
    readonly name: string;
    readonly lost: boolean;
    /** In use, of its own. */
    readonly vramShare: number;
    /** How late its report is, seconds; negative = in time. */
    readonly lateSeconds: number;
  }[];
  /** What participants of the phase waited for their editor's page, seconds. */
  readonly editorSeconds: readonly number[];
}

export const triggers = [
  "failure-rate",
  "lost-attempts",
  "restarts",
  "unhealthy",
  "worker-lost",
  "gpu-memory",
  "report-late",
  "queue-depth",
  "editor-slow",
  "smoke",
  "update",
] as const;

export interface Breach {
  readonly trigger: (typeof triggers)[number];
  /** What is wrong, for people, without a full stop. */
  readonly sentence: string;
}

/** What is wrong for one look alone may be the look itself, seconds. */
const SUSTAINED_SECONDS = 15;
const GPU_MEMORY_SECONDS = 60;
/** With fewer, one slow answer would be the 95th percentile. */
const FEWEST_ANSWERS = 20;

/** @returns what calls for a rollback, or undefined */
export function judge(samples: readonly Sample[], limits: Limits): Breach | undefined {
  const last = samples.at(-1);
  if (!last) return undefined;
  // A window that is shorter than a condition's time is as long as it can hold.
  const heldFor = (seconds: number, isSo: (sample: Sample) => boolean) =>
    holds(samples, Math.min(seconds, limits.seconds), isSo);

  const decided = last.completed + last.failed;
  if (decided >= limits.fewestJobs && last.failed / decided > limits.failureRate) {
    return {
      trigger: "failure-rate",
      sentence: `${last.failed} of ${decided} jobs failed, more than ${percent(limits.failureRate)}`,
    };
  }
  if (last.lostAttempts > limits.lostAttempts) {
    return {
      trigger: "lost-attempts",
      sentence: `${last.lostAttempts} attempts at jobs ended in a crash or with a lost worker, more than ${limits.lostAttempts}`,
    };
  }
  for (const [service, restarts] of Object.entries(last.restarts)) {
    if (restarts <= limits.restarts) continue;
    return {
      trigger: "restarts",
      sentence: `${service} restarted ${restarts} times, more than ${limits.restarts}`,
    };
  }
  if (heldFor(SUSTAINED_SECONDS, ({ unhealthy }) => unhealthy.length > limits.unhealthy)) {
    return {
      trigger: "unhealthy",
      sentence: `${last.unhealthy.join(", ")} ${last.unhealthy.length === 1 ? "does" : "do"} not answer`,
    };
  }
  for (const { name, lost, lateSeconds } of last.workers) {
    const own = (isSo: (worker: Sample["workers"][number]) => boolean) => (sample: Sample) =>
      sample.workers.some((worker) => worker.name === name && isSo(worker));
    if (lost) return { trigger: "worker-lost", sentence: `${name} has fallen silent` };
    const isFull = own(({ vramShare }) => vramShare > limits.vramShare);
    // Never shorter: ComfyUI fills the memory while a large model runs, and empties it afterwards.
    if (holds(samples, GPU_MEMORY_SECONDS, isFull)) {
      return {
        trigger: "gpu-memory",
        sentence: `${name} uses more than ${percent(limits.vramShare)} of its GPU's memory`,
      };
    }
    const isLate = own((worker) => worker.lateSeconds > limits.reportLateSeconds);
    if (heldFor(SUSTAINED_SECONDS, isLate)) {
      return {
        trigger: "report-late",
        sentence: `${name} reports ${Math.round(lateSeconds)} s late, more than ${limits.reportLateSeconds}`,
      };
    }
  }
  if (heldFor(limits.queueDepthSeconds, ({ pending }) => pending > limits.queueDepth)) {
    return {
      trigger: "queue-depth",
      sentence: `${last.pending} jobs wait, more than ${limits.queueDepth} for ${Math.min(limits.queueDepthSeconds, limits.seconds)} s`,
    };
  }
  const answers = samples.flatMap(({ editorSeconds }) => editorSeconds);
  const slowest = percentile95(answers);
  if (answers.length >= FEWEST_ANSWERS && slowest > limits.editorSeconds) {
    return {
      trigger: "editor-slow",
      sentence: `one in twenty editors takes ${slowest.toFixed(1)} s to answer, more than ${limits.editorSeconds}`,
    };
  }
  return undefined;
}

/** Whether it has been so without a break for this long, and for two looks at least. */
function holds(
  samples: readonly Sample[],
  seconds: number,
  isSo: (sample: Sample) => boolean,
): boolean {
  const end = samples.at(-1)?.at ?? 0;
  const lastGood = samples.findLastIndex((sample) => !isSo(sample));
  const run = samples.slice(lastGood + 1);
  return run.length >= 2 && end - (run[0]?.at ?? end) >= seconds * 1000;
}

/** 0 of nothing. */
export function percentile95(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
}

const percent = (share: number) => `${Number((share * 100).toFixed(1))} %`;
