/** Watches a phase: smoke jobs first, then a window in which everything has to be well. */
import { setTimeout as pause } from "node:timers/promises";
import type { Platform } from "../../stacks/outputs.ts";
import type { Settings } from "../../stacks/settings.ts";
import { judge, type Breach, type Sample } from "./judge.ts";
import type { Phase } from "./phases.ts";
import { Sampler } from "./sampler.ts";
import { forgetSmokeJobs, runSmokeJobs, type SmokeJob } from "./smoke.ts";

const LOOK_MS = 1000;
/** Silence longer than this gets a line, ms. */
const PATIENCE_MS = 10_000;

export interface Watched {
  readonly phase: Phase;
  readonly platform: Platform;
  readonly settings: Settings;
  /** When the phase's update was done, by the gateway's clock, ms since the epoch. */
  readonly since: number;
}

export interface WatchOutcome {
  /** Undefined when all was well to the end. */
  readonly breach: Breach | undefined;
  /** Jobs that those of the phase completed. */
  readonly jobs: number;
}

export type WatchPhase = (
  watched: Watched,
  signal: AbortSignal,
  tell: (line: string) => void,
) => Promise<WatchOutcome>;

export const watchPhase: WatchPhase = async (watched, signal, tell) => {
  const { phase, platform, settings, since } = watched;
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const sampler = new Sampler({
    ...{ platform, phase, since, signal },
    leaseSeconds: settings.leaseSeconds,
  });
  const made: SmokeJob[] = [];
  const completed = () => sampler.completedJobs();
  let smoke: { readonly breach: Breach | undefined; readonly endedAt: number } | undefined;
  const smoking = runSmokeJobs({ ...watched, completed, signal: both, tell }, made)
    .catch((error: unknown): Breach => ({ trigger: "smoke", sentence: sentenceOf(error) }))
    .then((breach) => (smoke = { breach, endedAt: Date.now() }));
  const samples: Sample[] = [];
  let breach: Breach | undefined;
  let toldAt = Date.now();
  try {
    for (;;) {
      const sample = await sampler.look();
      signal.throwIfAborted();
      samples.push(sample);
      breach = smoke?.breach ?? judge(samples, phase.limits);
      const left = smoke ? smoke.endedAt + phase.limits.seconds * 1000 - Date.now() : Infinity;
      if (breach || left <= 0) break;
      if (Date.now() - toldAt >= PATIENCE_MS) {
        toldAt = Date.now();
        const rest = smoke ? `${Math.ceil(left / 1000)} s left` : "smoke jobs run";
        tell(`watching: ${sample.completed} jobs done, ${sample.failed} failed, ${rest}`);
      }
      await pause(Math.min(LOOK_MS, left), undefined, { signal });
    }
  } finally {
    stop.abort();
    await smoking;
  }
  const jobs = (await completed().catch(() => [])).length;
  await forgetSmokeJobs(made, signal);
  return { breach, jobs };
};

const sentenceOf = (error: unknown): string =>
  `the smoke jobs could not be run: ${error instanceof Error ? error.message : String(error)}`;
