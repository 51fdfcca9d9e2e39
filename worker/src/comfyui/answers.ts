/** Shapes of ComfyUI's answers, as far as the worker reads them. Checked against 0.9.2 and 0.11.1. */
import { statusMessageSchema } from "@comfymulti/queue";
import { z } from "zod";

const anyRecord = z.record(z.string(), z.unknown());

/** `GET /system_stats`. Sizes are bytes. */
export const systemStatsSchema = z.looseObject({
  system: z.looseObject({ comfyui_version: z.string() }),
  devices: z.array(
    z.looseObject({
      name: z.string(),
      type: z.string(),
      vram_total: z.number().nonnegative(),
      vram_free: z.number().nonnegative(),
      /** Null for a CPU. */
      index: z.number().int().nonnegative().nullish(),
      /** Reserved by PyTorch for this ComfyUI. */
      torch_vram_total: z.number().nonnegative().nullish(),
    }),
  ),
});
export type SystemStats = z.infer<typeof systemStatsSchema>;

/** `POST /prompt`, 200. `node_errors` names outputs that were left out. */
export const promptAcceptedSchema = z.looseObject({
  prompt_id: z.string(),
  node_errors: anyRecord,
});

/** `POST /prompt`, 400. */
export const promptRefusalSchema = z.looseObject({
  error: z.looseObject({
    type: z.string(),
    message: z.string(),
    details: z.string().default(""),
  }),
  node_errors: z
    .record(
      z.string(),
      z.looseObject({
        class_type: z.string(),
        errors: z.array(
          z.looseObject({
            type: z.string(),
            message: z.string(),
            details: z.string().default(""),
            extra_info: z.looseObject({ input_name: z.string().optional() }).optional(),
          }),
        ),
      }),
    )
    .catch({}),
});
export type PromptRefusal = z.infer<typeof promptRefusalSchema>;

/** `GET /queue`: the second field of an item is its prompt_id. */
export const queueSchema = z.looseObject({
  queue_running: z.array(z.array(z.unknown())),
  queue_pending: z.array(z.array(z.unknown())),
});

/** One entry of `GET /history/{id}`, without the prompt. */
export const historyEntrySchema = z.looseObject({
  outputs: z.record(z.string(), anyRecord),
  status: z.looseObject({
    status_str: z.string(),
    messages: z.array(statusMessageSchema),
  }),
  meta: anyRecord.default({}),
});
export type HistoryEntry = z.infer<typeof historyEntrySchema>;
export const historySchema = z.record(z.string(), historyEntrySchema);

/** `POST /upload/image`. */
export const uploadedSchema = z.looseObject({ name: z.string(), subfolder: z.string() });

/** A text frame of the WebSocket. */
export const socketMessageSchema = z.looseObject({ type: z.string(), data: anyRecord });
export type SocketMessage = Pick<z.infer<typeof socketMessageSchema>, "type" | "data">;

/** Data of `execution_error`, as far as it may be shown. */
export const executionErrorSchema = z.looseObject({
  node_id: z.string(),
  node_type: z.string(),
  exception_message: z.string().default(""),
  exception_type: z.string().default(""),
});
