import * as pulumi from "@pulumi/pulumi";
import { withOutputs } from "./args.ts";
import type { ArgsOf } from "./args.ts";
import type { secretInputs } from "../schemas/secret.ts";

export type SecretArgs = ArgsOf<typeof secretInputs>;

/** A value that containers get as an environment variable and nobody can read back. */
export class Secret extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  /** What an environment variable of type `secret` refers to. */
  declare readonly fullName: pulumi.Output<string>;

  constructor(name: string, args: SecretArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = withOutputs({ ...args, value: pulumi.secret(args.value) }, ["fullName"]);
    const own = { additionalSecretOutputs: ["value"] };
    super("verda:index:Secret", name, inputs, pulumi.mergeOptions(own, opts));
  }
}
