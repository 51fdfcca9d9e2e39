import * as pulumi from "@pulumi/pulumi";

export interface TokenArgs {
  /** Random characters, 22 to 256; 6 bits each. Default 43 (256 bits). */
  readonly length?: pulumi.Input<number>;
  /** Put before the random characters. Default none. */
  readonly prefix?: pulumi.Input<string>;
  /** Any change of these values makes a new token. */
  readonly keepers?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** A random URL-safe secret, made once and kept, encrypted, in the stack's state. */
export class Token extends pulumi.CustomResource {
  /** The secret itself; a Pulumi secret wherever it goes. */
  declare readonly value: pulumi.Output<string>;

  constructor(name: string, args: TokenArgs = {}, opts?: pulumi.CustomResourceOptions) {
    const own = { additionalSecretOutputs: ["value"] };
    super(
      "comfymulti:index:Token",
      name,
      { value: undefined, ...args },
      pulumi.mergeOptions(own, opts),
    );
  }
}
