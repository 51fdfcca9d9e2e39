/** Counts the files that a job made. */
import { z } from "zod";
import type { JobResult } from "./protocol.ts";

const filesSchema = z.array(z.looseObject({ filename: z.string() }));

/** Files in all outputs: what ComfyUI's `/api/jobs` calls outputs_count. */
export function countOutputs(result: JobResult): number {
  return Object.values(result.outputs)
    .flatMap((output) => Object.values(output))
    .reduce<number>((sum, files) => sum + (filesSchema.safeParse(files).data?.length ?? 0), 0);
}
