/** The buckets: made by this stack, or another's as a guest. */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { bucketRoles, ModelVault, type ReadableBucket } from "../components/storage/index.ts";
import { vaultAccessSchema, type VaultAccess } from "./outputs.ts";
import type { Settings } from "./settings.ts";

export interface Vault {
  /** Where workers restore models from. */
  readonly models: ReadableBucket;
  /** Where machines load images from. */
  readonly images: ReadableBucket;
  /** For backups, bundles and the operator. */
  readonly access: pulumi.Output<VaultAccess>;
}

export function declareVault(settings: Settings, opts: pulumi.ComponentResourceOptions): Vault {
  const access =
    settings.vaultOf === undefined ? ownVault(settings, opts) : vaultOf(settings.vaultOf);
  const readable = (bucket: pulumi.Output<string>) => ({
    ...{ endpoint: access.endpoint, bucket },
    accessKeyId: access.reader.accessKeyId,
    secretAccessKey: pulumi.secret(access.reader.secretAccessKey),
  });
  return {
    access,
    models: readable(access.buckets.modelVault),
    images: readable(access.buckets.workerContainer),
  };
}

function ownVault(
  { vault, projectName }: Settings,
  opts: pulumi.ComponentResourceOptions,
): pulumi.Output<VaultAccess> {
  if (!vault) throw new Error("settings of the cloud were not checked");
  const { endpoint, buckets, keeper, reader } = new ModelVault(
    "vault",
    { ...vault, projectName },
    opts,
  );
  return pulumi.output({ endpoint, buckets, keeper, reader });
}

const outputSchema = z.object({ vault: vaultAccessSchema });

/** By a reference to the stack that has them; both stacks lie in one backend. */
function vaultOf(stack: string): pulumi.Output<VaultAccess> {
  const reference = new pulumi.StackReference("vault", {
    name: `organization/${pulumi.getProject()}/${stack}`,
  });
  return reference.getOutput("platform").apply((platform: unknown) => {
    const parsed = outputSchema.safeParse(platform);
    if (parsed.success) return parsed.data.vault;
    throw new pulumi.RunError(
      `comfymulti:vaultOf: stack ${stack} has no vault (${bucketRoles.length} buckets): bring it up first, or set comfymulti:vault.`,
    );
  });
}
