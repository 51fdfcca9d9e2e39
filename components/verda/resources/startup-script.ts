import * as pulumi from "@pulumi/pulumi";
import { withOutputs } from "./args.ts";
import type { ArgsOf } from "./args.ts";
import type { startupScriptInputs } from "../schemas/startup-script.ts";

export type StartupScriptArgs = ArgsOf<typeof startupScriptInputs>;

/** A script that an instance runs once, as root, at its first boot. */
export class StartupScript extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly script: pulumi.Output<string>;
  declare readonly fullName: pulumi.Output<string>;

  constructor(name: string, args: StartupScriptArgs, opts?: pulumi.CustomResourceOptions) {
    super("verda:index:StartupScript", name, withOutputs(args, ["fullName"]), opts);
  }
}
