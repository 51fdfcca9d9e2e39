import * as pulumi from "@pulumi/pulumi";
import { withOutputs } from "./args.ts";
import type { ArgsOf } from "./args.ts";
import type { volumeInputs } from "../schemas/volume.ts";

export type VolumeArgs = ArgsOf<typeof volumeInputs>;

/** A disk, or with type `NVMe_Shared` a shared filesystem, that outlives instances. */
export class Volume extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly type: pulumi.Output<string>;
  /** GB */
  declare readonly size: pulumi.Output<number>;
  declare readonly locationCode: pulumi.Output<string>;
  /** Its name on Verda. */
  declare readonly fullName: pulumi.Output<string>;
  declare readonly status: pulumi.Output<string>;
  /** Instances it is attached to, or shared with. */
  declare readonly instanceIds: pulumi.Output<string[]>;
  /** Of a shared filesystem: the path on the NFS server. */
  declare readonly pseudoPath: pulumi.Output<string | undefined>;
  /** `mount -t nfs …` from the API; may come only once an instance shares the filesystem. */
  declare readonly mountCommand: pulumi.Output<string | undefined>;
  declare readonly createDirectoryCommand: pulumi.Output<string | undefined>;
  declare readonly fstabCommand: pulumi.Output<string | undefined>;
  declare readonly monthlyPrice: pulumi.Output<number | undefined>;
  declare readonly currency: pulumi.Output<string | undefined>;

  constructor(name: string, args: VolumeArgs, opts?: pulumi.CustomResourceOptions) {
    super("verda:index:Volume", name, withOutputs(args, OUTPUTS), opts);
  }
}

const OUTPUTS = [
  "fullName",
  "status",
  "instanceIds",
  "pseudoPath",
  "mountCommand",
  "createDirectoryCommand",
  "fstabCommand",
  "monthlyPrice",
  "currency",
];
