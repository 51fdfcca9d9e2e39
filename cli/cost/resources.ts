/** A stack's resources, as its state has them or as a preview announces them. */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";

export interface StackResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Empty for one that is still to be made. */
  readonly id: string;
  /** No update deletes it. */
  readonly isProtected: boolean;
  /** `URN::id` of the provider, where it has one of its own. */
  readonly provider?: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

const properties = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((values) => values ?? {});
const resourceSchema = z.object({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().default(false),
  id: z.string().default(""),
  protect: z.boolean().default(false),
  provider: z.string().default(""),
  /** The old one of a replacement that was cut off: it is there, and costs, until it is deleted. */
  delete: z.boolean().default(false),
  inputs: properties,
  outputs: properties,
});
const stateSchema = z.object({ resources: z.array(resourceSchema).nullish() });

/** @param deployment `deployment` of what the Automation API's `exportStack` answers. */
export function resourcesOfState(deployment: unknown): StackResource[] {
  const { resources } = stateSchema.parse(deployment ?? {});
  return (resources ?? []).filter(({ custom }) => custom).map(toResource);
}

function toResource({
  urn,
  type,
  id,
  protect,
  provider,
  inputs,
  outputs,
}: z.output<typeof resourceSchema>): StackResource {
  const name = urn.split("::").at(-1) ?? urn;
  const own = provider === "" ? {} : { provider };
  return { urn, type, name, id, isProtected: protect, ...own, inputs, outputs };
}

/** Before the update, and after it. */
export interface PlannedResources {
  readonly before: readonly StackResource[];
  readonly after: readonly StackResource[];
}

/** Steps after which the resource is there as the program declares it. */
const DECLARING = ["same", "create", "update", "create-replacement", "import"];
/** Steps that have the resource as it is now. Not a refresh: it may find that it is gone. */
const KNOWING = ["same", "update", "replace", "delete", "delete-replaced"];

/** @param events All events of one preview. */
export function resourcesOfPreview(events: readonly EngineEvent[]): PlannedResources {
  const before = new Map<string, StackResource>();
  const after = new Map<string, StackResource>();
  for (const { resourcePreEvent } of events) {
    if (!resourcePreEvent) continue;
    const { op, urn, old, new: next } = resourcePreEvent.metadata;
    const was = resourceSchema.safeParse(old).data;
    const becomes = resourceSchema.safeParse(next).data;
    if (was?.custom && KNOWING.includes(op) && !before.has(urn)) before.set(urn, toResource(was));
    if (becomes?.custom && DECLARING.includes(op)) after.set(urn, toResource(becomes));
  }
  return { before: [...before.values()], after: [...after.values()] };
}
