/** The error form, for the API's description. */
import { z } from "zod";

const errorSchema = z.object({
  error: z.object({
    type: z.string(),
    message: z.string(),
    details: z.string(),
    extra_info: z.record(z.string(), z.unknown()),
  }),
  node_errors: z.record(z.string(), z.unknown()),
});

/** Responses that every route of the API can give. */
export const errorResponses = { "4xx": errorSchema, "5xx": errorSchema } as const;
