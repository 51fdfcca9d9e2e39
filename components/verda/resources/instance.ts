import * as pulumi from "@pulumi/pulumi";
import { withOutputs } from "./args.ts";
import type { ArgsOf } from "./args.ts";
import type { instanceInputs } from "../schemas/instance.ts";

export type InstanceArgs = ArgsOf<typeof instanceInputs>;

/** A virtual machine with GPUs, rented by the hour from `create` to `delete`. */
export class Instance extends pulumi.CustomResource {
  declare readonly hostname: pulumi.Output<string>;
  declare readonly instanceType: pulumi.Output<string>;
  declare readonly isSpot: pulumi.Output<boolean>;
  /** `running`, or what has become of it. */
  declare readonly status: pulumi.Output<string>;
  declare readonly ip: pulumi.Output<string>;
  /** The location taken. */
  declare readonly locationCode: pulumi.Output<string>;
  declare readonly osVolumeId: pulumi.Output<string>;
  /** Of the disks of `volumes`, in their order. */
  declare readonly volumeIds: pulumi.Output<string[]>;
  /** Of the whole instance, in the account's currency. */
  declare readonly pricePerHour: pulumi.Output<number | undefined>;
  declare readonly createdAt: pulumi.Output<string>;

  constructor(name: string, args: InstanceArgs, opts?: pulumi.CustomResourceOptions) {
    super("verda:index:Instance", name, withOutputs(args, OUTPUTS), opts);
  }
}

const OUTPUTS = [
  "isSpot",
  "status",
  "ip",
  "locationCode",
  "osVolumeId",
  "volumeIds",
  "pricePerHour",
  "createdAt",
];
