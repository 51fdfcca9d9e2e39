/** A stack's life on stand-ins, from its first preview to its destruction. */
import { z } from "zod";
import type { StackFile } from "../stack-settings.ts";
import { live, stepResultSchema, type StepResult } from "./life.ts";
import { RehearsedProject } from "./rehearsed-project.ts";
import type { Step } from "./steps.ts";

export const lifeReportSchema = z.object({
  good: z.boolean(),
  results: z.array(stepResultSchema),
  /** Steps that were not reached. */
  skipped: z.int(),
  /** What a destroy leaves because it is protected. */
  kept: z.array(z.string()),
  /** What Verda still bills for. */
  billed: z.array(z.string()),
});
export type LifeReport = z.infer<typeof lifeReportSchema>;

/** @param tell gets each step's result as it comes */
export async function rehearseLife(
  stackName: string,
  file: StackFile,
  steps: readonly Step[],
  tell: (result: StepResult) => void,
): Promise<LifeReport> {
  const project = await RehearsedProject.start();
  const results: StepResult[] = [];
  try {
    for await (const result of live(project, stackName, file, steps)) {
      results.push(result);
      tell(result);
    }
    const skipped = steps.length - results.length;
    return {
      good: skipped === 0 && results.every(({ fault }) => fault === undefined),
      results,
      skipped,
      kept: project.made(stackName).map(({ type, name }) => `${name} (${type.split(":").at(-1)})`),
      billed: project.billed(),
    };
  } finally {
    await project.remove();
  }
}
