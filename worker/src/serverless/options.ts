/** What a replica is told when it is made. Times in milliseconds. */
export interface ServerlessOptions {
  /** Address and port that the provider's proxy reaches. Port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly comfyuiUrl: string;
  /**
   * The one queue manager that jobs may name. A job that names another is refused: it could make the
   * replica send requests to wherever it likes.
   */
  readonly queueManagerUrl: string;
  /** Folder for outputs on their way; what an earlier process left there is removed at start. */
  readonly spoolDirectory: string;
  /** Time-out of one HTTP call, ms. */
  readonly timeoutMs: number;
  /** Window for ComfyUI's first answer, ms. */
  readonly startupMs: number;
  /** Overrides what ComfyUI reports. */
  readonly vramMiB?: number;
  /** How long a job waits for memory that other processes hold, ms. */
  readonly vramWaitMs: number;
  /** CUDA_VISIBLE_DEVICES: which GPUs of the machine ComfyUI sees. */
  readonly visibleDevices?: string;
  /** How long ComfyUI may be gone in mid-job before it counts as crashed, ms. Default 10 000. */
  readonly reconnectMs?: number;
}
