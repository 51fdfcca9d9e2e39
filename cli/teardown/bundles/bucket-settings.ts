/** Which bucket takes the bundles, and the key to it. */
import { z } from "zod";
import { bucketNames } from "../../../components/storage/index.ts";
import type { VaultAccess } from "../../../stacks/outputs.ts";
import type { Settings } from "../../../stacks/settings.ts";
import { VisibleError } from "../../visible-error.ts";

const text = z.string({ error: "must be set" }).min(1, "must be set").max(500);

const bucketSettingsSchema = z.object({
  /** S3 endpoint; of a bucket in the EU jurisdiction `https://ACCOUNT.eu.r2.cloudflarestorage.com`. */
  endpoint: z.url({ protocol: /^https?$/, error: "must be a URL" }),
  /** Such as `comfyume-user-files-backups`. */
  bucket: text,
  accessKeyId: text,
  /** Secret. */
  secretAccessKey: text,
});
export type BucketSettings = z.infer<typeof bucketSettingsSchema>;

/** Environment variable of each setting; it goes before the stack's own. */
const variables = {
  endpoint: "BUNDLES_ENDPOINT",
  bucket: "BUNDLES_BUCKET",
  accessKeyId: "BUNDLES_ACCESS_KEY_ID",
  secretAccessKey: "BUNDLES_SECRET_ACCESS_KEY",
} as const satisfies Record<keyof BucketSettings, string>;

/** What a fault of the bucket says to check. */
export const bundlesCures = {
  key: `${variables.accessKeyId} and ${variables.secretAccessKey}`,
  place: `${variables.bucket} and ${variables.endpoint}`,
};

/**
 * From the environment, else from the stack: its settings name the bucket for participants' files, its
 * output may hold the key.
 *
 * @param access how the stack says its buckets are reached; undefined when it is not up
 * @returns undefined when nothing of a bucket is known
 * @throws VisibleError naming what is missing
 */
export function bucketSettings(
  environment: Readonly<Record<string, string | undefined>>,
  settings: Pick<Settings, "vault" | "projectName">,
  access: VaultAccess | undefined,
): BucketSettings | undefined {
  const given = Object.fromEntries(
    Object.entries(variables)
      .map(([name, variable]) => [name, environment[variable]] as const)
      .filter(([, value]) => value !== undefined && value !== ""),
  );
  const known = {
    ...fromVault(settings),
    ...(access && {
      endpoint: access.endpoint,
      bucket: access.buckets.userFiles,
      ...access.keeper,
    }),
    ...given,
  };
  if (Object.keys(known).length === 0) return undefined;
  const parsed = bucketSettingsSchema.safeParse(known);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${variables[path[0] as keyof BucketSettings]} ${message}`,
  );
  throw new VisibleError(
    `The bucket for the bundles is not known in full: ${faults.join(", ")}. --bundles FOLDER puts them into a folder of this machine instead.`,
  );
}

function fromVault({ vault, projectName }: Pick<Settings, "vault" | "projectName">) {
  if (!vault) return {};
  return {
    endpoint: `https://${vault.accountId}.eu.r2.cloudflarestorage.com`,
    bucket: bucketNames({ projectName, bucketNames: vault.bucketNames }).userFiles,
  };
}
