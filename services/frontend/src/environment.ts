/** The service's settings: environment variables, parsed once. Faults are told all together. */
import { z } from "zod";

const userIdSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must look like user001");

const usersSchema = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: 'must be a JSON list like ["user001"]' });
      return z.NEVER;
    }
  })
  .pipe(z.array(userIdSchema).min(1).max(1000));

export const environmentSchema = z.object({
  /** Address to listen on; only the gateway needs to reach it. */
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65535),
  /** What the gateway proves itself with (`Authorization: Bearer …`). Secret. */
  FRONTEND_TOKEN: z.string().min(16, "must be at least 16 characters"),
  /** Unpacked `comfyui_frontend_package/static/`. Read only. */
  BUNDLE_DIRECTORY: z.string().min(1),
  /** One folder a user lies in it: settings, workflows. Created when it is not there. */
  USERDATA_DIRECTORY: z.string().min(1),
  /** The users that this process serves, a JSON list. */
  USERS: usersSchema,
  /** ComfyUI version that the bundle belongs to (workflows/versions.json). */
  COMFYUI_VERSION: z.string().default("0.11.1"),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
});

export type Environment = z.infer<typeof environmentSchema>;

/**
 * @returns the settings, or one line per fault. A line names the variable and never its value.
 */
export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
): { environment: Environment } | { faults: string[] } {
  const parsed = environmentSchema.safeParse(variables);
  if (parsed.success) return { environment: parsed.data };
  return {
    faults: parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`),
  };
}
