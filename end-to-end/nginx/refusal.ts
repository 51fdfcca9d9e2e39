/** ComfyUI's error form, of which the editor makes its dialog. */
import { z } from "zod";

const refusalSchema = z.object({
  error: z.object({
    type: z.string(),
    message: z.string(),
    details: z.string(),
    extra_info: z.object({}),
  }),
  node_errors: z.object({}),
});

/** @throws when the body has another form */
export const refusalType = (body: string): string =>
  refusalSchema.parse(JSON.parse(body)).error.type;
