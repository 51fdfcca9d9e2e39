/**
 * What the checks need to know. Everything has a default or may be missing: a deployment with a
 * wrong setting must still be looked at as far as possible.
 */
import { portSchema } from "@comfymulti/configuration";
import { z } from "zod";
import { modelsSettingsSchema } from "../models/index.ts";

const path = z.string().min(1).max(500);

export const verifySettingsSchema = z.object({
  /** The ComfyUI of this worker. */
  COMFYUI_URL: z.url({ protocol: /^https?$/ }).default("http://127.0.0.1:8188"),
  /** Version that this image was built with. */
  COMFYUI_VERSION: z.string().min(1).optional(),
  /** ComfyUI's source. */
  COMFYUI_DIRECTORY: path.default("/opt/comfyui"),
  INFERENCE_SERVER_REDIS_HOST: z.string().min(1).default("127.0.0.1"),
  REDIS_PORT: portSchema.default(6379),
  REDIS_USERNAME: z.string().min(1).optional(),
  /** Secret. */
  REDIS_PASSWORD: z.string().min(1).optional(),
  QUEUE_HASH_TAG: z.string().min(1).optional(),
  QUEUE_MANAGER_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Mount point of the shared filesystem. */
  SFS_DIRECTORY: path.default("/mnt/sfs"),
  /** Mount point of the block volume for outputs, inputs and the spool. */
  SCRATCH_DIRECTORY: path.default("/mnt/scratch"),
  /** ComfyUI's base directory with the links `models`, `outputs` and `inputs`. */
  DATA_DIRECTORY: path.default("/app/data"),
  MODELS_DIRECTORY: modelsSettingsSchema.shape.MODELS_DIRECTORY,
  OUTPUTS_DIRECTORY: path.default("/mnt/scratch/outputs"),
  INPUTS_DIRECTORY: path.default("/mnt/scratch/inputs"),
  /** `nvidia-smi`, by name or path. */
  NVIDIA_SMI: path.default("nvidia-smi"),
});

export type VerifySettings = z.infer<typeof verifySettingsSchema>;
