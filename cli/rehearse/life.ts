/** Runs the steps of a stack's life on stand-ins, and tells what became of each. */
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";
import { settleLostMachines } from "../engine/lost-machines.ts";
import { policyPacks } from "../policy-packs.ts";
import type { StackFile } from "../stack-settings.ts";
import type { RehearsedProject } from "./rehearsed-project.ts";
import { changesIn, type Changes, type Step } from "./steps.ts";

export const stepResultSchema = z.object({
  name: z.string(),
  seconds: z.number(),
  /** Resources that changed, and that were there in all. */
  changes: z.number(),
  resources: z.number(),
  /** Why it is not as it should be. */
  fault: z.string().optional(),
});
export type StepResult = z.infer<typeof stepResultSchema>;

/** @returns results up to and with the first step that the engine could not do */
export async function* live(
  project: RehearsedProject,
  stackName: string,
  file: StackFile,
  steps: readonly Step[],
): AsyncGenerator<StepResult> {
  for (const step of steps) {
    if (step.lost !== undefined) project.lose(stackName, step.lost);
    if (step.evicted !== undefined) project.evict(step.evicted);
    const stack = await project.stack(stackName, {
      ...file,
      config: { ...file.config, ...step.settings },
    });
    const start = Date.now();
    const { changes, error } = await runStep(stack, step);
    const fault = error ?? step.judge(changes);
    yield {
      name: step.name,
      seconds: (Date.now() - start) / 1000,
      changes: changesIn(changes),
      resources: Object.values(changes).reduce((sum, count) => sum + count, 0),
      ...(fault !== undefined && { fault }),
    };
    if (error !== undefined) return;
  }
}

async function runStep(stack: Stack, { operation }: Step) {
  const changes: Record<string, number> = {};
  const faults: string[] = [];
  const onEvent = ({ summaryEvent, diagnosticEvent, policyEvent }: EngineEvent) => {
    Object.assign(changes, summaryEvent?.resourceChanges);
    if (diagnosticEvent?.severity === "error") faults.push(plain(diagnosticEvent.message));
    if (policyEvent?.enforcementLevel === "mandatory") {
      faults.push(`${policyEvent.policyName}: ${plain(policyEvent.message)}`);
    }
  };
  try {
    const options = { onEvent, policyPacks: policyPacks() };
    if (operation === "preview") await stack.preview(options);
    else if (operation === "up") {
      const { replace } = await settleLostMachines(stack, () => undefined);
      await stack.up({ ...options, refresh: true, replace });
    } else await stack.destroy({ onEvent, excludeProtected: true });
    return { changes: changes satisfies Changes };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { changes, error: faults.length > 0 ? faults.join(" ") : message };
  }
}

/** Without the engine's colour marks (`<{%fg 1%}>`). */
const plain = (message: string) => message.replaceAll(/<\{%[^%]*%\}>/g, "").trim();
