/** What of a stack's resources costs money, in the units that price lists have. */
import { z } from "zod";
import { containerDeploymentInputs } from "../../components/verda/schemas/container-deployment.ts";
import { instanceInputs } from "../../components/verda/schemas/instance.ts";
import { volumeInputs } from "../../components/verda/schemas/volume.ts";
import type { StackResource } from "./resources.ts";

/** What becomes of storage when the stack is taken down. */
export type AfterEnd = "erased" | "trash" | "stays";

export type Billable =
  | ({ readonly kind: "machine"; readonly name: string } & Machine)
  | ({ readonly kind: "storage"; readonly name: string; readonly type: string } & Storage)
  | ({ readonly kind: "replicas"; readonly name: string } & Replicas)
  | { readonly kind: "bucket"; readonly name: string }
  | { readonly kind: "tailnet"; readonly name: string }
  /** It costs, and what it is made of is not known yet. */
  | { readonly kind: "unknown"; readonly name: string };

export interface Machine {
  /** `1H100.80S.30V` */
  readonly instanceType: string;
  readonly isSpot: boolean;
  /** GB of its system disk, which a spot machine that is taken back may leave behind. */
  readonly systemGb: number;
}

export interface Storage {
  readonly gb: number;
  readonly afterEnd: AfterEnd;
}

export interface Replicas {
  readonly compute: { readonly name: string; readonly size: number };
  readonly isSpot: boolean;
  readonly least: number;
  readonly most: number;
}

// The resources' own schemas: what a program leaves out has the default that the provider gives it.
const { instanceType, isSpot, osVolume, volumes, purgeVolumes } = instanceInputs.shape;
const instanceSchema = z.object({ instanceType, isSpot, osVolume, volumes, purgeVolumes });
const { type, size, purge } = volumeInputs.shape;
const volumeSchema = z.object({ type, size, purge });
const { compute, isSpot: isSpotDeployment, scaling } = containerDeploymentInputs.shape;
const deploymentSchema = z.object({ compute, isSpot: isSpotDeployment, scaling });

/** Kinds of disks that an instance has of its own. */
const DISK = "NVMe";

export function billableOf(resources: readonly StackResource[]): Billable[] {
  const billable = resources.flatMap((resource) => readers[resource.type]?.(resource) ?? []);
  const tailnet = resources.find(({ type }) => type.startsWith("tailscale:"));
  return tailnet ? [...billable, { kind: "tailnet", name: tailnet.name }] : billable;
}

const readers: Readonly<Record<string, (resource: StackResource) => Billable[]>> = {
  "verda:index:Instance": instance,
  "verda:index:Volume": volume,
  "verda:index:ContainerDeployment": deployment,
  "cloudflare:index/r2Bucket:R2Bucket": ({ name }) => [{ kind: "bucket", name }],
};

function instance({ name, inputs }: StackResource): Billable[] {
  const parsed = instanceSchema.safeParse(inputs).data;
  if (!parsed) return [{ kind: "unknown", name }];
  const afterEnd = (keep: boolean): AfterEnd =>
    keep ? "stays" : parsed.purgeVolumes ? "erased" : "trash";
  const disks = [parsed.osVolume, ...parsed.volumes].map((disk) => ({
    ...{ kind: "storage" as const, name: `${name}, disk ${disk.name}`, type: DISK },
    ...{ gb: disk.size, afterEnd: afterEnd(disk.keep) },
  }));
  const machine = {
    ...{ kind: "machine" as const, name, instanceType: parsed.instanceType },
    ...{ isSpot: parsed.isSpot, systemGb: parsed.osVolume.size },
  };
  return [machine, ...disks];
}

function volume({ name, inputs, isProtected }: StackResource): Billable[] {
  const parsed = volumeSchema.safeParse(inputs).data;
  if (!parsed) return [{ kind: "unknown", name }];
  const afterEnd = isProtected ? "stays" : parsed.purge ? "erased" : "trash";
  return [{ kind: "storage", name, type: parsed.type, gb: parsed.size, afterEnd }];
}

function deployment({ name, inputs }: StackResource): Billable[] {
  const parsed = deploymentSchema.safeParse(inputs).data;
  if (!parsed) return [{ kind: "unknown", name }];
  const { minReplicaCount: least, maxReplicaCount: most } = parsed.scaling;
  return [{ kind: "replicas", name, compute: parsed.compute, isSpot: parsed.isSpot, least, most }];
}
