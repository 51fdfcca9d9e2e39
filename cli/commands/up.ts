/** Brings a stack to what its settings say. */
import { requireDiskSpace } from "../engine/checkpoint.ts";
import { openStack } from "../engine/stack.ts";
import { resumeAfterInterruption } from "../engine/interruption.ts";
import { policyPacks } from "../policy-packs.ts";
import { prepare } from "../prepare.ts";
import { runOperation } from "../run-operation.ts";
import { readSettings } from "../stack-settings.ts";

/** @returns how many resources changed */
export async function up(stackName: string): Promise<number> {
  const settings = readSettings(stackName);
  requireDiskSpace();
  await prepare(settings);
  console.log(`\nStack ${stackName}`);
  const changes = await runOperation(async (options) => {
    const stack = await openStack(stackName);
    await resumeAfterInterruption(stack);
    await stack.up({ ...options, refresh: true, policyPacks: policyPacks() });
  });
  console.log(changes === 0 ? "  no changes" : `  ${changes} changes`);
  return changes;
}

/** Shows what `up` would change, and what the policies say to it. */
export async function preview(stackName: string): Promise<void> {
  await prepare(readSettings(stackName));
  console.log(`\nStack ${stackName}, preview`);
  const changes = await runOperation(async (options) => {
    const stack = await openStack(stackName);
    await resumeAfterInterruption(stack);
    await stack.preview({ ...options, refresh: true, policyPacks: policyPacks() });
  }, "preview");
  console.log(changes === 0 ? "  no changes" : `  ${changes} changes to come`);
}
