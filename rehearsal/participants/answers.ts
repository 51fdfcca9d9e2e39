/** The answers of ComfyUI's dialect that a participant reads, as far as they are read. */
import { z } from "zod";

export const uploadSchema = z.object({ name: z.string(), subfolder: z.string() });

export const promptSchema = z.object({
  prompt_id: z.string(),
  node_errors: z.record(z.string(), z.unknown()),
});

/** `[number, prompt_id, …]` */
const queueItemSchema = z.tuple([z.number(), z.string()]).rest(z.unknown());
export const queueSchema = z.object({
  queue_running: z.array(queueItemSchema),
  queue_pending: z.array(queueItemSchema),
});

export const fileSchema = z.object({
  filename: z.string(),
  subfolder: z.string(),
  type: z.string(),
});
export type OutputFile = z.infer<typeof fileSchema>;

/** Lists of files and of other things, by the node's own names. */
const outputSchema = z.record(z.string(), z.unknown());

export const historySchema = z.record(
  z.string(),
  z.object({ outputs: z.record(z.string(), outputSchema) }),
);

/** `GET api/jobs/{id}`. Times by the server's clock, ms. */
export const jobSchema = z.object({
  status: z.enum(["pending", "in_progress", "completed", "failed", "cancelled"]),
  create_time: z.number(),
  execution_start_time: z.number().optional(),
  execution_end_time: z.number().optional(),
  execution_error: z.object({ exception_message: z.string() }).optional(),
});
export type JobAnswer = z.infer<typeof jobSchema>;

/** An empty answer, as ComfyUI gives to what it only does. */
export const nothingSchema = z.unknown();

/** The saved files of one node's output. */
export function savedFiles(output: Readonly<Record<string, unknown>> | undefined): OutputFile[] {
  return Object.values(output ?? {})
    .flatMap((items) => (Array.isArray(items) ? (items as unknown[]) : []))
    .flatMap((item) => {
      const file = fileSchema.safeParse(item);
      return file.success && file.data.type === "output" ? [file.data] : [];
    });
}

/** Undefined for what is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
