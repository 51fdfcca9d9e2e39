/** The queue of one ComfyUI: pending prompts by number, the running one, and the history. */
import type { Graph } from "./graph.ts";
import type { FinishedPrompt } from "./prompt-run.ts";

/** A prompt that validation accepted. */
export interface QueuedPrompt {
  /** ComfyUI's queue number: the lowest runs first. */
  readonly number: number;
  readonly promptId: string;
  readonly prompt: Graph;
  /** With `client_id` and `create_time`, without API keys. */
  readonly extraData: Readonly<Record<string, unknown>>;
  readonly outputs: readonly string[];
}

/** One entry of `GET /history`. */
export interface HistoryEntry extends FinishedPrompt {
  readonly prompt: QueueTuple;
}

/** A prompt in ComfyUI's JSON: number, id, graph, extra data, outputs to execute. */
export type QueueTuple = readonly [
  number,
  string,
  Graph,
  Readonly<Record<string, unknown>>,
  readonly string[],
];

/** ComfyUI's MAXIMUM_HISTORY_SIZE is 10000; a simulator in tests and on small hosts keeps less. */
const MAXIMUM_HISTORY = 1_000;

export const queueTuple = (prompt: QueuedPrompt): QueueTuple => [
  prompt.number,
  prompt.promptId,
  prompt.prompt,
  prompt.extraData,
  prompt.outputs,
];

export class PromptQueue {
  private pendingPrompts: QueuedPrompt[] = [];
  private runningPrompt: QueuedPrompt | undefined;
  private readonly entries = new Map<string, HistoryEntry>();
  private wake: (() => void) | undefined;
  private readonly updated: () => void;

  /** `updated` is called whenever ComfyUI would send `status` to every socket. */
  constructor(updated: () => void) {
    this.updated = updated;
  }

  get running(): QueuedPrompt | undefined {
    return this.runningPrompt;
  }

  get pending(): readonly QueuedPrompt[] {
    return this.pendingPrompts;
  }

  /** `queue_remaining`. */
  get remaining(): number {
    return this.pendingPrompts.length + (this.runningPrompt ? 1 : 0);
  }

  put(prompt: QueuedPrompt): void {
    const after = this.pendingPrompts.findIndex((other) => other.number > prompt.number);
    this.pendingPrompts.splice(after === -1 ? this.pendingPrompts.length : after, 0, prompt);
    this.updated();
    this.wake?.();
  }

  /** Waits for the next prompt and makes it the running one; undefined once aborted. */
  async take(signal: AbortSignal): Promise<QueuedPrompt | undefined> {
    while (this.pendingPrompts.length === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    if (signal.aborted) return undefined;
    this.runningPrompt = this.pendingPrompts.shift();
    this.updated();
    return this.runningPrompt;
  }

  /** Writes the running prompt into the history. */
  finish(finished: FinishedPrompt): void {
    const prompt = this.runningPrompt;
    this.runningPrompt = undefined;
    if (prompt) {
      this.entries.set(prompt.promptId, { prompt: queueTuple(prompt), ...finished });
      for (const id of this.entries.keys()) {
        if (this.entries.size <= MAXIMUM_HISTORY) break;
        this.entries.delete(id);
      }
    }
    this.updated();
  }

  /** Takes a pending prompt out; it leaves no trace in the history. Unknown ids are ignored. */
  delete(promptId: string): void {
    const found = this.pendingPrompts.findIndex((prompt) => prompt.promptId === promptId);
    if (found === -1) return;
    this.pendingPrompts.splice(found, 1);
    this.updated();
  }

  /** Takes all pending prompts out. ComfyUI tells of it even when there were none. */
  clear(): void {
    this.pendingPrompts = [];
    this.updated();
  }

  get history(): ReadonlyMap<string, HistoryEntry> {
    return this.entries;
  }

  deleteHistory(promptId: string): void {
    this.entries.delete(promptId);
  }

  clearHistory(): void {
    this.entries.clear();
  }
}
