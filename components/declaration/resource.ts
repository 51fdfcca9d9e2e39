import * as pulumi from "@pulumi/pulumi";
import type { DeclarationArgs } from "./declaration.ts";

/**
 * Declares what a stack is as a whole (see `declaration.ts`), for the rules in `policies/`. Make
 * what costs money or time depend on it: a broken rule then stops an update before any of that.
 */
export class Declaration extends pulumi.CustomResource {
  constructor(
    name: string,
    args: { readonly [Name in keyof DeclarationArgs]: pulumi.Input<DeclarationArgs[Name]> },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super("comfymulti:index:Declaration", name, { ...args }, opts);
  }
}
