/** What a `StartupScript` is declared by and what is known of one that exists. */
import { z } from "zod";
import { taggableName } from "./names.ts";

export const startupScriptInputs = z.strictObject({
  name: taggableName,
  /** Stored by Verda in clear text: only one-time secrets belong in it. */
  script: z
    .string()
    .max(256 * 1024)
    .startsWith("#!", "must begin with the interpreter's line, such as #!/bin/bash"),
});
export const startupScriptState = z.object({
  ...startupScriptInputs.shape,
  fullName: z.string(),
});
export type StartupScriptInputs = z.output<typeof startupScriptInputs>;
export type StartupScriptState = z.output<typeof startupScriptState>;
