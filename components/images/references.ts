/** Output of a stack that builds: references, in the shape of `comfymulti:images`. */
import { z } from "zod";

/** By digest when it was pushed; else a name that only the Docker knows which built it. */
const reference = z.string();
const byVersion = z.record(z.string(), reference);

export const builtReferencesSchema = z.object({
  /** The Docker that has them. */
  docker: z.string(),
  images: z.object({
    queueManager: reference,
    dispatcher: reference,
    redis: reference,
    nginx: reference,
    certificates: reference,
    backup: reference,
    /** ComfyUI version → image. */
    frontend: byVersion,
    comfyuiFrontend: byVersion,
    worker: byVersion,
  }),
});
export type BuiltReferences = z.infer<typeof builtReferencesSchema>;
