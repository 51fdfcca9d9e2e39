/** Random single changes to an object_info, as another version of ComfyUI might make them. */
import fc from "fast-check";
import type { NodeDefinition, ObjectInfo } from "../object-info.ts";
import type { ChangeClass, ChangeKind } from "./change.ts";
import { inputMutations } from "./mutate-inputs.fixture.ts";
import { nodeMutations } from "./mutate-outputs.fixture.ts";

export interface MutationKind {
  readonly targets: readonly {
    readonly node: string;
    readonly what: string;
    /** The node's new definition; undefined when it goes. */
    readonly mutate: () => NodeDefinition | undefined;
  }[];
  /** The change that a diff must report, among others; undefined when nothing counts. */
  readonly expected: { readonly change: ChangeKind; readonly class: ChangeClass } | undefined;
}

export interface Mutated {
  /** A new object; node types that were not touched are shared with the original. */
  readonly mutated: ObjectInfo;
  /** For people. */
  readonly what: string;
  readonly node: string;
  readonly expected: MutationKind["expected"];
  /** A counterexample is a sentence, not all of ComfyUI's nodes. */
  readonly [fc.toStringMethod]: () => string;
}

/**
 * One change at a time, each kind as likely as any other. `only`: node types that may be touched;
 * default: all. Throws when no kind of change applies to them.
 */
export function mutateObjectInfo(
  objectInfo: ObjectInfo,
  only?: ReadonlySet<string>,
): fc.Arbitrary<Mutated> {
  const nodes = Object.entries(objectInfo).filter(([node]) => !only || only.has(node));
  const kinds = [...nodeMutations(nodes), ...inputMutations(nodes)].filter(
    ({ targets }) => targets.length > 0,
  );
  return fc.constantFrom(...kinds).chain(({ targets, expected }) =>
    fc.nat(targets.length - 1).map((index) => {
      const target = targets[index];
      if (!target) throw new Error("There is nothing to mutate.");
      const definition = target.mutate();
      const rest = Object.entries(objectInfo).filter(([node]) => node !== target.node);
      const mutated = Object.fromEntries(
        definition ? [...rest, [target.node, definition]] : rest,
      ) as ObjectInfo;
      const { what, node } = target;
      return { mutated, what, node, expected, [fc.toStringMethod]: () => what };
    }),
  );
}

/** For a test of each kind by itself. */
export const mutationKinds = (objectInfo: ObjectInfo): readonly MutationKind[] => {
  const nodes = Object.entries(objectInfo);
  return [...nodeMutations(nodes), ...inputMutations(nodes)];
};
