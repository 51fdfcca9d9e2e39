/** The service's settings: environment variables, parsed once. Faults are told all together. */
import { jsonText, logLevelSchema } from "@comfymulti/configuration";
import { z } from "zod";

const userIdSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must look like user001");

const usersSchema = jsonText(z.array(userIdSchema).min(1).max(1000));

export const environmentSchema = z.object({
  /** Address to listen on; only the gateway needs to reach it. */
  HOST: z.string().default("127.0.0.1"),
  /** 0 takes a free one. */
  PORT: z.coerce.number().int().min(0).max(65_535),
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
  LOG_LEVEL: logLevelSchema,
});

export type Environment = z.infer<typeof environmentSchema>;
