/** What is watched while a version is new, and where it begins to be wrong. */
import { z } from "zod";
import { alerts, type AlertName } from "@comfymulti/monitoring";

export const limitsSchema = z.strictObject({
  /** Seconds for which all must be well after the smoke jobs. */
  seconds: z.number().int().min(0).max(86_400),
  /** Jobs that participants and workers of the phase must complete; 10 is what the policy asks of a canary. */
  jobs: z.number().int().min(0).max(1000),
  /** Failed of all jobs that ended, 0 to 1, */
  failureRate: z.number().min(0).max(1),
  /** once there are this many: with fewer, one job would decide. */
  fewestJobs: z.number().int().min(1),
  /** GPU memory in use, of a worker's own. 0.875 is 70 of 80 GB. */
  vramShare: z.number().min(0).max(1),
  /** Lateness of a worker's report to the queue, seconds. */
  reportLateSeconds: z.number().positive(),
  /** Restarts of one service since the phase's update. */
  restarts: z.number().int().min(0),
  /** Attempts at jobs that ended in a crash of ComfyUI or a lost worker. */
  lostAttempts: z.number().int().min(0),
  /** Services and editors that do not answer. */
  unhealthy: z.number().int().min(0),
  /** Waiting jobs, */
  queueDepth: z.number().int().min(0),
  /** for this long, seconds. */
  queueDepthSeconds: z.number().min(0),
  /** 95th percentile of what the phase's participants wait for their editor's page, seconds. */
  editorSeconds: z.number().positive(),
});
export type Limits = z.infer<typeof limitsSchema>;

/** Thresholds that the monitoring alerts on count here, too. */
function threshold(name: AlertName): number {
  const value = alerts.find((alert) => alert.name === name)?.threshold?.value;
  if (value === undefined) throw new Error(`the alert ${name} has no threshold`);
  return value;
}

const FIVE_MINUTES = 300;

/** Of a phase that says nothing else. */
export const defaultLimits: Limits = {
  seconds: FIVE_MINUTES,
  jobs: 0,
  failureRate: threshold("FailureRateHigh"),
  fewestJobs: 10,
  vramShare: threshold("WorkerGpuMemoryHigh"),
  reportLateSeconds: threshold("WorkerReportsLate"),
  restarts: threshold("RestartsMany"),
  lostAttempts: 3,
  unhealthy: 2,
  queueDepth: threshold("QueueDeep"),
  queueDepthSeconds: FIVE_MINUTES,
  editorSeconds: threshold("FrontendSlow"),
};
