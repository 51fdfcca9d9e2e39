import * as pulumi from "@pulumi/pulumi";
import { withOutputs } from "./args.ts";
import type { ArgsOf } from "./args.ts";
import type { sshKeyInputs } from "../schemas/ssh-key.ts";

export type SshKeyArgs = ArgsOf<typeof sshKeyInputs>;

/** A public key that instances let in. */
export class SshKey extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly publicKey: pulumi.Output<string>;
  declare readonly fullName: pulumi.Output<string>;
  declare readonly fingerprint: pulumi.Output<string | undefined>;

  constructor(name: string, args: SshKeyArgs, opts?: pulumi.CustomResourceOptions) {
    super("verda:index:SshKey", name, withOutputs(args, ["fullName", "fingerprint"]), opts);
  }
}
