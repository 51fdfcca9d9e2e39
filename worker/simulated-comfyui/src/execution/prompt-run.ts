/** One prompt while it runs: what ComfyUI says of it, and what of that stays in the history. */
import type { NodeResult } from "./cache.ts";
import { PromptProgress } from "./progress.ts";
import type { QueuedPrompt } from "./prompt-queue.ts";

/** `[name, data]` in a history entry's `status.messages`. */
export type StatusMessage = readonly [string, Readonly<Record<string, unknown>>];

/** What is left of a prompt in the history. */
export interface FinishedPrompt {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly status: {
    readonly status_str: "success" | "error";
    readonly completed: boolean;
    readonly messages: readonly StatusMessage[];
  };
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Hears what the executor says. `clientId` undefined: the prompt came without one. */
export interface ExecutionListener {
  /** Sent to the client, or to every socket when there is no client. */
  send(clientId: string | undefined, type: string, data: Readonly<Record<string, unknown>>): void;
  preview(
    clientId: string | undefined,
    jpeg: Buffer,
    identity: Readonly<Record<string, unknown>>,
    sendProgress: () => void,
  ): void;
  /** A text on a node goes to every socket. */
  text(node: string, text: string): void;
}

export class PromptRun {
  readonly prompt: QueuedPrompt;
  readonly clientId: string | undefined;
  readonly progress: PromptProgress;
  /** Nodes that ran, without those from the cache. */
  readonly executed: string[] = [];
  private readonly listener: ExecutionListener;
  private readonly ui: Record<string, unknown> = {};
  private readonly meta: Record<string, unknown> = {};
  private readonly messages: StatusMessage[] = [];

  constructor(prompt: QueuedPrompt, clientId: string | undefined, listener: ExecutionListener) {
    this.prompt = prompt;
    this.clientId = clientId;
    this.listener = listener;
    this.progress = new PromptProgress(prompt.promptId);
  }

  /** Keeps a message for the history and sends it; `broadcast` also when there is no client. */
  tell(type: string, data: Readonly<Record<string, unknown>>, broadcast = false): void {
    const prompt_id = this.prompt.promptId;
    const message = { prompt_id, ...data, timestamp: Date.now() };
    this.messages.push([type, message]);
    if (this.clientId !== undefined || broadcast) this.listener.send(this.clientId, type, message);
  }

  tellStarted(node: string): void {
    this.progress.start(node);
    this.sendProgress();
    if (this.clientId === undefined) return;
    const data = { node, display_node: node, prompt_id: this.prompt.promptId };
    this.listener.send(this.clientId, "executing", data);
  }

  tellExecuted(node: string, output: unknown): void {
    if (this.clientId === undefined) return;
    const data = { node, display_node: node, output, prompt_id: this.prompt.promptId };
    this.listener.send(this.clientId, "executed", data);
  }

  finishProgress(node: string): void {
    this.progress.finish(node);
    this.sendProgress();
  }

  /** `progress_state` goes to every socket when there is no client. */
  sendProgress(): void {
    this.listener.send(this.clientId, "progress_state", this.progress.message());
  }

  /** Keeps what a node shows for the history. */
  keepUi(node: string, result: NodeResult): void {
    if (!result.ui) return;
    this.ui[node] = result.ui;
    this.meta[node] = { node_id: node, display_node: node, parent_node: null, real_node_id: node };
  }

  finished(success: boolean): FinishedPrompt {
    return {
      outputs: this.ui,
      status: {
        status_str: success ? "success" : "error",
        completed: success,
        messages: this.messages,
      },
      meta: this.meta,
    };
  }
}
