/** From a schema of inputs to the arguments that a program passes. */
import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";

/** The value, or an output that will be it, at every depth. */
type InputsOf<Value> = Value extends readonly (infer Item)[]
  ? pulumi.Input<readonly InputsOf<Item>[]>
  : Value extends object
    ? pulumi.Input<{ readonly [Key in keyof Value]: InputsOf<Value[Key]> }>
    : pulumi.Input<Value>;

/** Arguments of a resource, as its schema states them; see there for meaning, units and defaults. */
export type ArgsOf<Schema extends z.ZodType> = {
  readonly [Key in keyof z.input<Schema>]: InputsOf<z.input<Schema>[Key]>;
};

/**
 * The arguments with a place for each output: a preview then knows that they will come, and does
 * not take them for absent.
 */
export function withOutputs(args: object, outputs: readonly string[]): pulumi.Inputs {
  return { ...Object.fromEntries(outputs.map((name) => [name, undefined])), ...args };
}
