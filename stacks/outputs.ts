/**
 * The one output of every stack: what `comfymulti` and other programs may know of it.
 * The whole record is a Pulumi secret, because the links in it let people in.
 */
import { z } from "zod";
import { backupAccessSchema } from "../components/app-server/index.ts";

const credentials = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() });

/** How the stack's buckets are reached. */
export const vaultAccessSchema = z.object({
  /** S3. */
  endpoint: z.string(),
  /** Names by what they hold. */
  buckets: z.object({
    modelVault: z.string(),
    cache: z.string(),
    workerContainer: z.string(),
    userFiles: z.string(),
  }),
  /** Reads and writes all. */
  keeper: credentials,
  /** Reads models and images. */
  reader: credentials,
});
export type VaultAccess = z.infer<typeof vaultAccessSchema>;

export const platformSchema = z.object({
  stack: z.string(),
  kind: z.string(),
  users: z.array(
    z.object({
      id: z.string(),
      /** Ends in `/user001/`. */
      url: z.string(),
      /** Personal link: opens the editor and keeps the participant signed in. */
      link: z.string(),
      /** For `Authorization: Bearer`. */
      token: z.string(),
    }),
  ),
  admin: z.object({ url: z.string(), link: z.string(), token: z.string() }),
  workers: z.array(
    z.object({ name: z.string(), comfyuiVersion: z.string(), simulated: z.boolean() }),
  ),
  /** Of a stack on this machine. */
  directories: z
    .object({
      /** One log file a service. */
      logs: z.string(),
      /** Participants' pictures and videos, a folder each. */
      outputs: z.string(),
      data: z.string(),
    })
    .optional(),
  /** Of a stack in the cloud. */
  vault: vaultAccessSchema.optional(),
  backup: backupAccessSchema.optional(),
  /** In the private network; Grafana's user is `admin`. */
  monitoring: z.object({ url: z.string(), password: z.string() }).optional(),
  appServer: z
    .object({
      /** `ssh://root@192.0.2.7`, for docker's `-H`. */
      dockerAddress: z.string(),
      /** In the private network. */
      privateAddress: z.string(),
      /** Begins every container's name. */
      containerPrefix: z.string(),
      /** On the machine. */
      dataDirectory: z.string(),
    })
    .optional(),
});
export type Platform = z.infer<typeof platformSchema>;
