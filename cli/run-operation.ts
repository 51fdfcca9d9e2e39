/** Runs one engine operation on a stack: progress lines, Ctrl-C in good order, faults in plain words. */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { engineFault } from "./engine/faults.ts";
import { EngineProgress } from "./engine/progress.ts";
import { InterruptedError } from "./interrupted-error.ts";

export interface OperationOptions {
  readonly onEvent: (event: EngineEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * @param operation Calls the Automation API with these options.
 * @param tense Whether its lines say what was done or what would be.
 * @returns how many resources changed
 */
export async function runOperation(
  operation: (options: OperationOptions) => Promise<unknown>,
  tense: "past" | "preview" = "past",
): Promise<number> {
  const progress = new EngineProgress(tense);
  const interruption = new AbortController();
  const interrupt = () => {
    if (interruption.signal.aborted) return;
    console.log("\nStopping in good order (what has begun is finished first) …");
    interruption.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    await operation({ onEvent: progress.onEvent, signal: interruption.signal });
    return progress.changes;
  } catch (error) {
    if (interruption.signal.aborted) throw new InterruptedError();
    throw engineFault(error, progress.errors);
  } finally {
    progress.end();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
