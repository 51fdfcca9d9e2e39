/** A stack in the engine's hands: what it knows, and its end. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";
import { resumeAfterInterruption } from "../engine/interruption.ts";
import { runOperation } from "../run-operation.ts";
import { withProtection } from "./protection.ts";
import { withoutWorkOnMachines } from "./rented-machines.ts";

/** A thing that the stack's state knows, such as a machine or a bucket. */
export const declaredResourceSchema = z.object({
  urn: z.string(),
  type: z.string(),
  name: z.string(),
  id: z.string(),
  /** No update deletes it: it is meant to outlive the workshop. */
  isProtected: z.boolean(),
  /** Ids of disks that a machine has with it. */
  diskIds: z.array(z.string()).default([]),
  /** What its provider calls it, where that is another name. */
  fullName: z.string().optional(),
  /** URNs of all that it needs, which the engine keeps as long as this stays. */
  dependencies: z.array(z.string()).default([]),
  /** Of a bucket's rules: the bucket. */
  bucketName: z.string().optional(),
});
export type DeclaredResource = z.infer<typeof declaredResourceSchema>;

const stateSchema = z.object({
  resources: z
    .array(
      z.object({
        urn: z.string(),
        type: z.string(),
        custom: z.boolean().default(false),
        id: z.string().default(""),
        protect: z.boolean().default(false),
        parent: z.string().default(""),
        dependencies: z
          .array(z.string())
          .nullish()
          .transform((list) => list ?? []),
        outputs: z
          .looseObject({
            name: z.unknown(),
            fullName: z.unknown(),
            bucketName: z.unknown(),
            osVolumeId: z.unknown(),
            volumeIds: z.unknown(),
          })
          .partial()
          .default({}),
      }),
    )
    .nullish()
    .transform((list) => list ?? []),
});

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

type StateResource = z.infer<typeof stateSchema>["resources"][number];

/** Things of a deployment as the engine exports it; providers and components are none. */
export function resourcesIn(deployment: unknown): DeclaredResource[] {
  const { resources } = stateSchema.parse(deployment ?? {});
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const isThing = ({ custom, type }: StateResource) => custom && !type.startsWith("pulumi:");
  return resources.filter(isThing).map((resource) => {
    const { urn, type, id, protect, outputs } = resource;
    const fullName = textOf(outputs.fullName) ?? textOf(outputs.name);
    const bucketName = textOf(outputs.bucketName);
    return {
      urn,
      type,
      name: urn.split("::").at(-1) ?? urn,
      id,
      isProtected: protect,
      dependencies: neededBy(resource, byUrn)
        .filter(isThing)
        .map(({ urn }) => urn),
      diskIds: [outputs.osVolumeId, outputs.volumeIds].flat().flatMap((disk) => textOf(disk) ?? []),
      ...(fullName === undefined ? {} : { fullName }),
      ...(bucketName === undefined ? {} : { bucketName }),
    };
  });
}

/** Also by way of the component that it belongs to. */
function neededBy(
  resource: StateResource,
  byUrn: ReadonlyMap<string, StateResource>,
): StateResource[] {
  const found = new Set<StateResource>();
  const waiting = [resource];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const urn of [next.parent, ...next.dependencies]) {
      const needed = byUrn.get(urn);
      if (!needed || found.has(needed)) continue;
      found.add(needed);
      waiting.push(needed);
    }
  }
  return [...found];
}

export interface EngineStack {
  readonly name: string;
  readonly project: string;
  /** What the state knows now. */
  resources(): Promise<DeclaredResource[]>;
  /** `platform` of its output; undefined when there is none. */
  platform(): Promise<unknown>;
  /**
   * Destroys everything but these, whatever was protected against updates. What fails does not keep the
   * rest: a machine that is dead must not let another one go on costing money.
   *
   * @throws VisibleError when something could not be destroyed
   */
  destroy(kept: ReadonlySet<string>): Promise<void>;
}

/**
 * @param stack Undefined when the engine knows no such stack: then it has nothing.
 * @param afterDestroy What is left to the machine itself, such as processes without an owner.
 */
export function engineStack(
  scope: { readonly project: string; readonly stack: string },
  stack: Stack | undefined,
  afterDestroy: () => Promise<void>,
): EngineStack {
  return {
    name: scope.stack,
    project: scope.project,
    resources: async () => resourcesIn((await stack?.exportStack())?.deployment),
    platform: async () => (await stack?.outputs())?.["platform"]?.value as unknown,
    destroy: async (kept) => {
      try {
        if (stack) {
          await runOperation(async (options) => {
            await resumeAfterInterruption(stack);
            await prepareState(stack, kept);
            await stack.destroy({ ...options, excludeProtected: true, continueOnError: true });
          });
        }
      } finally {
        await afterDestroy();
      }
    },
  };
}

/** Puts the state in order, so that the engine can destroy all that is to go. */
async function prepareState(stack: Stack, kept: ReadonlySet<string>): Promise<void> {
  const exported = await stack.exportStack();
  const deployment = withProtection(withoutWorkOnMachines(exported.deployment), kept);
  await stack.importStack({ ...exported, deployment });
}
