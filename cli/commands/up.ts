/** Brings a stack to what its settings say; first shows what that costs. */
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import type { Settings } from "../../stacks/settings.ts";
import { priceOfPreview } from "../cost/price-of-preview.ts";
import { verdaClient, verdaOfStack } from "../cost/stack-view.ts";
import { requireDiskSpace } from "../engine/checkpoint.ts";
import { settleLostMachines } from "../engine/lost-machines.ts";
import { openStack } from "../engine/stack.ts";
import { resumeAfterInterruption } from "../engine/interruption.ts";
import { policyPacks } from "../policy-packs.ts";
import { prepare } from "../prepare.ts";
import { runOperation, type OperationOptions } from "../run-operation.ts";
import { readSettings } from "../stack-settings.ts";

export interface UpOptions {
  /** Whether it first shows what a stack in the cloud will cost, by a preview. Default true. */
  readonly showPrice?: boolean;
}

/** @returns how many resources changed */
export async function up(stackName: string, { showPrice = true }: UpOptions = {}): Promise<number> {
  const settings = readSettings(stackName);
  requireDiskSpace();
  await prepare(settings);
  console.log(`\nStack ${stackName}`);
  const changes = await runOperation(async (options) => {
    const stack = await openStack(stackName);
    await resumeAfterInterruption(stack);
    if (showPrice && settings.kind !== "local") await showPriceFirst(stack, settings, options);
    const { replace } = await settleLostMachines(stack, (line) => {
      console.log(`  · ${line}`);
    });
    await stack.up({ ...options, refresh: true, replace, policyPacks: policyPacks() });
  });
  console.log(changes === 0 ? "  no changes" : `  ${changes} changes`);
  return changes;
}

/** Shows what `up` would change, and what the policies say to it. */
export async function preview(stackName: string): Promise<void> {
  const settings = readSettings(stackName);
  await prepare(settings);
  console.log(`\nStack ${stackName}, preview`);
  let price = "";
  const changes = await runOperation(async (options) => {
    const stack = await openStack(stackName);
    await resumeAfterInterruption(stack);
    const events: EngineEvent[] = [];
    const onEvent = (event: EngineEvent) => {
      events.push(event);
      options.onEvent(event);
    };
    await stack.preview({ ...options, onEvent, refresh: true, policyPacks: policyPacks() });
    price = await priceOf(stack, settings, events);
  }, "preview");
  console.log(changes === 0 ? "  no changes" : `  ${changes} changes to come`);
  if (price !== "") console.log(`\n${price}`);
}

/** By a preview that shows nothing else. What is wrong with the stack is for the update to say. */
async function showPriceFirst(
  stack: Stack,
  settings: Settings,
  { signal }: OperationOptions,
): Promise<void> {
  console.log("  · looking up what it costs");
  const events: EngineEvent[] = [];
  const isSeen = await stack
    .preview({ signal, onEvent: (event) => void events.push(event) })
    .then(() => true)
    .catch(() => false);
  signal.throwIfAborted();
  const price = isSeen ? await priceOf(stack, settings, events) : "";
  if (price !== "") console.log(`\n${price}\n`);
}

/** Empty when nothing of the stack costs. */
async function priceOf(
  stack: Stack,
  settings: Settings,
  events: readonly EngineEvent[],
): Promise<string> {
  if (settings.kind === "local") return "";
  const client = verdaClient(await verdaOfStack(stack));
  return await priceOfPreview(events, { settings, client });
}
