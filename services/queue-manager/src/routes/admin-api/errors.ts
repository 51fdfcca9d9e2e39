/** The error form, for the API's description. */
import { z } from "zod";

/** ComfyUI's own error form; every refusal of the service has it. */
export const errorSchema = z
  .object({
    error: z.object({
      type: z.string().describe("What went wrong, one word for programs."),
      message: z.string().describe("What went wrong, for people."),
      details: z.string().describe("What to do about it, where there is something to say."),
      extra_info: z.record(z.string(), z.unknown()),
    }),
    node_errors: z.record(z.string(), z.unknown()).describe("Empty here; ComfyUI's form has it."),
  })
  .meta({ id: "Refusal" });

const content = { "application/json": { schema: errorSchema } };

/** Responses that every route of the API can give. */
export const errorResponses = {
  "4xx": { description: "Refused; the reason says what to do.", content },
  "5xx": { description: "The queue is away for a moment, or paused; or a fault here.", content },
} as const;
