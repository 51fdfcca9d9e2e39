/**
 * Runs prompts one at a time, as ComfyUI's worker thread does, and says of each what ComfyUI says,
 * in the same order. Who hears it is the listener's matter.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { ObjectInfo } from "@comfymulti/workflows";
import type { Folders } from "../folders.ts";
import type { LogBuffer } from "../log-buffer.ts";
import { fileSignature } from "../nodes/load-nodes.ts";
import type { NodeContext, NodeRun } from "../nodes/node.ts";
import { NodeFailure } from "../nodes/node.ts";
import { NodeInputs } from "../nodes/node-inputs.ts";
import { OutputCache } from "./cache.ts";
import { Interrupted, errorReport } from "./failure-report.ts";
import type { SimulatedGpu } from "./gpu.ts";
import { ExecutionList, isLink } from "./graph.ts";
import type { PromptNode } from "./graph.ts";
import type { PromptQueue, QueuedPrompt } from "./prompt-queue.ts";
import type { ExecutionListener, FinishedPrompt } from "./prompt-run.ts";
import { PromptRun } from "./prompt-run.ts";

/**
 * ComfyUI writes the history just after it sends execution_success; a client that asks at once may
 * come too early (measured: 6 of 40 times). A few milliseconds here keep that trap open.
 */
const HISTORY_DELAY_MS = 3;

export interface ExecutorParts {
  readonly queue: PromptQueue;
  readonly listener: ExecutionListener;
  readonly gpu: SimulatedGpu;
  readonly folders: Folders;
  readonly objectInfo: ObjectInfo;
  readonly nodes: Readonly<Record<string, NodeRun>>;
  readonly crash: () => void;
  readonly logger: Logger;
  readonly logs: LogBuffer;
}

export class Executor {
  /** The node that runs and the client that hears of it: what a reconnecting socket is told. */
  current: { readonly clientId: string; readonly node: string } | undefined;
  private readonly parts: ExecutorParts;
  private readonly cache = new OutputCache();
  private readonly stopped = new AbortController();
  private interrupted = false;
  private toFree = { models: false, cache: false };
  private loop: Promise<void> | undefined;

  constructor(parts: ExecutorParts) {
    this.parts = parts;
  }

  start(): void {
    this.loop = this.runPrompts();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    this.interrupted = true;
    this.parts.gpu.stop();
    await this.loop;
  }

  /** Interrupts what runs at its next step. Without effect on the next prompt. */
  interrupt(): void {
    this.interrupted = true;
  }

  /** `POST /free`: at once when idle, else after the running prompt. */
  free(models: boolean, cache: boolean): void {
    this.toFree = { models: this.toFree.models || models, cache: this.toFree.cache || cache };
    if (!this.parts.queue.running) this.applyFree();
  }

  private applyFree(): void {
    if (this.toFree.models || this.toFree.cache) this.parts.gpu.unloadModels();
    if (this.toFree.cache) this.cache.clear();
    this.toFree = { models: false, cache: false };
  }

  private async runPrompts(): Promise<void> {
    const { queue, listener, logger, logs } = this.parts;
    for (;;) {
      const prompt = await queue.take(this.stopped.signal);
      if (!prompt) return;
      logger.info({ promptId: prompt.promptId, simulated: true }, "got prompt");
      logs.add("got prompt");
      const client = prompt.extraData["client_id"];
      const clientId = typeof client === "string" ? client : undefined;
      const finished = await this.runPrompt(prompt, clientId);
      if (this.stopped.signal.aborted) return;
      await sleep(HISTORY_DELAY_MS);
      queue.finish(finished);
      if (clientId !== undefined) {
        listener.send(clientId, "executing", { node: null, prompt_id: prompt.promptId });
      }
      this.applyFree();
    }
  }

  private async runPrompt(
    prompt: QueuedPrompt,
    clientId: string | undefined,
  ): Promise<FinishedPrompt> {
    this.interrupted = false;
    const run = new PromptRun(prompt, clientId, this.parts.listener);
    run.tell("execution_start", {});
    const graph = prompt.prompt;
    await this.cache.use(graph, (node) => this.changedSince(graph[node]));
    const cached = Object.keys(graph).filter((node) => this.cache.get(node) !== undefined);
    run.tell("execution_cached", { nodes: cached });
    const success = await this.runNodes(run);
    this.current = undefined;
    if (success) run.tell("execution_success", {});
    return run.finished(success);
  }

  private async runNodes(run: PromptRun): Promise<boolean> {
    const { prompt } = run;
    const list = new ExecutionList(
      prompt.prompt,
      this.parts.objectInfo,
      prompt.outputs,
      (node) => this.cache.get(node) !== undefined,
    );
    for (let node = list.next(); node !== undefined; node = list.next()) {
      const done = await this.runNode(run, node);
      if (!done) return false;
      list.finished(node);
    }
    return true;
  }

  /** Runs one node, or takes its result from the cache. False when it failed or was interrupted. */
  private async runNode(run: PromptRun, node: string): Promise<boolean> {
    const found = run.prompt.prompt[node];
    if (!found) return true;
    const cached = this.cache.get(node);
    if (cached) {
      run.tellExecuted(node, cached.ui ?? null);
      run.keepUi(node, cached);
      run.finishProgress(node);
      return true;
    }

    const inputs = this.resolve(found);
    run.tellStarted(node);
    if (run.clientId !== undefined) this.current = { clientId: run.clientId, node };
    try {
      this.throwIfInterrupted();
      const result = await this.nodeRun(found)(new NodeInputs(inputs), this.context(run, node));
      this.cache.set(node, result);
      run.keepUi(node, result);
      if (result.ui) run.tellExecuted(node, result.ui);
    } catch (error) {
      this.tellFailure(run, node, found, inputs, error);
      return false;
    }
    run.finishProgress(node);
    run.executed.push(node);
    return true;
  }

  private nodeRun({ class_type: classType }: PromptNode): NodeRun {
    const run = this.parts.nodes[classType];
    if (!run)
      throw new NodeFailure("NotImplementedError", `simulated ComfyUI can't run ${classType}`);
    return run;
  }

  private context(run: PromptRun, node: string): NodeContext {
    const { listener, gpu, folders, crash } = this.parts;
    const { clientId, prompt, progress } = run;
    const pngInfo = prompt.extraData["extra_pnginfo"];
    return {
      nodeId: node,
      graph: prompt.prompt,
      extraPngInfo: typeof pngInfo === "object" ? { ...pngInfo } : {},
      folders,
      gpu,
      crash,
      progress: (value, max, preview) => {
        this.throwIfInterrupted();
        progress.update(node, value, max);
        run.sendProgress();
        const sendProgress = (): void =>
          listener.send(clientId, "progress", { value, max, prompt_id: prompt.promptId, node });
        if (preview) listener.preview(clientId, preview, progress.identity(node), sendProgress);
        else sendProgress();
      },
      text: (text) => listener.text(node, text),
    };
  }

  /** Follows the links of a node's inputs to what the linked nodes gave out. */
  private resolve(node: PromptNode): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(node.inputs).map(([name, value]) => [
        name,
        isLink(value) ? this.cache.get(value[0])?.outputs[value[1]] : value,
      ]),
    );
  }

  private changedSince(node: PromptNode | undefined): Promise<string> {
    const reads = node?.class_type === "LoadImage" || node?.class_type === "LoadImageMask";
    return reads ? fileSignature(this.parts.folders, node.inputs["image"]) : Promise.resolve("");
  }

  private tellFailure(
    run: PromptRun,
    node: string,
    { class_type: nodeType }: PromptNode,
    inputs: Readonly<Record<string, unknown>>,
    error: unknown,
  ): void {
    if (this.stopped.signal.aborted) return;
    const place = { node_id: node, node_type: nodeType, executed: [...run.executed] };
    if (error instanceof Interrupted) {
      run.tell("execution_interrupted", place, true);
      return;
    }
    const report = errorReport(error, { node, nodeType, inputs });
    this.parts.logs.add(`!!! Exception during processing !!! ${report.exception_message}`);
    this.parts.logger.error(
      { promptId: run.prompt.promptId, node, nodeType },
      report.exception_message.trim(),
    );
    const current_outputs = Object.keys(run.prompt.prompt);
    run.tell("execution_error", { ...place, ...report, current_outputs });
  }

  private throwIfInterrupted(): void {
    if (!this.interrupted) return;
    this.interrupted = false;
    throw new Interrupted();
  }
}
