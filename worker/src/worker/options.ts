/** What a worker is told when it is made. Times in milliseconds. */
import type { TimeLimitSettings } from "../job-runner/time-limits.ts";

export interface WorkerOptions {
  readonly name: string;
  readonly comfyuiUrl: string;
  readonly queueManagerUrl: string;
  readonly queueManagerToken: string;
  readonly spoolDirectory: string;
  readonly limits: TimeLimitSettings;
  /** Time-out of one HTTP call, ms. */
  readonly timeoutMs: number;
  /** Window for ComfyUI's first answer, ms. */
  readonly startupMs: number;
  /** Length of a lease. The worker reports itself three times in it, ms. */
  readonly leaseMs: number;
  /** What a running job gets to end when the worker closes, ms. */
  readonly drainMs: number;
  /** Overrides what ComfyUI reports. */
  readonly vramMiB?: number;
  /** Folder of the model files that ComfyUI loads; what it holds is reported to the queue. */
  readonly modelsDirectory: string;
  /** How long a job waits for memory that other processes hold, ms. */
  readonly vramWaitMs: number;
  /** CUDA_VISIBLE_DEVICES: which GPUs of the machine ComfyUI sees. */
  readonly visibleDevices?: string;
  /** Ends a ComfyUI that hangs and starts it again. Absent: somebody else runs it. */
  readonly restartComfyui?: () => Promise<void>;
  /** How long ComfyUI may be gone in mid-job before it counts as crashed, ms. Default 10 000. */
  readonly reconnectMs?: number;
}
