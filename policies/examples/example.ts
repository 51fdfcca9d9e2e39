/**
 * Each rule once kept and once broken, as resources. The tests run them through the engine, and
 * docs/policies.md shows what the rules say to the broken ones.
 */

/** A resource as a program would declare it. */
export interface Example {
  /** `docker:index/container:Container` */
  readonly type: string;
  /** The resource's name, where a rule goes by it. Default: one of the rule's name. */
  readonly name?: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly protect?: boolean;
  readonly additionalSecretOutputs?: readonly string[];
}

export interface BrokenExample extends Example {
  /** Part of what the rule says. */
  readonly says: string;
  /** Other rules that the same fault breaks. */
  readonly alsoBreaks?: readonly string[];
}

export interface RuleExamples {
  readonly kept: readonly Example[];
  readonly broken: readonly [BrokenExample, ...BrokenExample[]];
}

/** By the rule's name. */
export type ExamplesByRule = Readonly<Record<string, RuleExamples>>;

/** Examples of a rule that looks at whole stacks: each a list of resources. */
export interface StackExamples {
  readonly kept: readonly Example[];
  readonly broken: readonly Example[];
  /** Part of what the rule says of the broken one. */
  readonly says: string;
}
