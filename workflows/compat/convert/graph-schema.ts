/**
 * The editor's own format of a graph (versions 0.4 and 1), as far as a conversion needs it. Only
 * what is read is spelled out; everything else may be there. Bounds are far above real graphs.
 */
import { z } from "zod";

/** Nodes of one graph or subgraph. */
export const MOST_NODES = 10_000;
const MOST_LINKS = 100_000;
const MOST_SLOTS = 2000;
const MOST_WIDGETS = 5000;
const MOST_SUBGRAPHS = 2000;

/** The editor writes numbers; group nodes and some custom nodes write texts. */
const nodeIdSchema = z.union([z.int(), z.string().max(200)]).transform(String);
const slotIndexSchema = z.coerce.number().pipe(z.int().min(-1));
const linkIdSchema = z.number();

/** Custom nodes also use lists and numbers (`0`: anything) as the type of a slot. */
const slotTypeSchema = z
  .union([z.string(), z.number(), z.array(z.unknown())])
  .nullish()
  .transform((type) => (typeof type === "string" ? type : Array.isArray(type) ? "COMBO" : "*"));

const inputSlotSchema = z.looseObject({
  name: z.string(),
  type: slotTypeSchema,
  link: linkIdSchema.nullish(),
});

const outputSlotSchema = z.looseObject({ name: z.string().nullish(), type: slotTypeSchema });

const nodeSchema = z.looseObject({
  id: nodeIdSchema,
  type: z.string().min(1).max(500),
  /** 2: muted, 4: bypassed; everything else runs. */
  mode: z.number().nullish(),
  title: z.string().nullish(),
  inputs: z.array(inputSlotSchema).max(MOST_SLOTS).nullish(),
  outputs: z.array(outputSlotSchema).max(MOST_SLOTS).nullish(),
  /** By position as the editor writes them, or by name as some custom nodes do. */
  widgets_values: z
    .union([z.array(z.unknown()).max(MOST_WIDGETS), z.record(z.string(), z.unknown())])
    .nullish(),
  properties: z.looseObject({ proxyWidgets: z.unknown().optional() }).nullish(),
});

/** Format 0.4 writes a link as a list, format 1 and every subgraph as an object. */
const linkSchema = z
  .union([
    z
      .tuple([linkIdSchema, nodeIdSchema, slotIndexSchema, nodeIdSchema, slotIndexSchema])
      .rest(z.unknown())
      .transform(([id, origin, originSlot, target, targetSlot]) => ({
        id,
        origin,
        originSlot,
        target,
        targetSlot,
      })),
    z
      .looseObject({
        id: linkIdSchema,
        origin_id: nodeIdSchema,
        origin_slot: slotIndexSchema,
        target_id: nodeIdSchema,
        target_slot: slotIndexSchema,
      })
      .transform((link) => ({
        id: link.id,
        origin: link.origin_id,
        originSlot: link.origin_slot,
        target: link.target_id,
        targetSlot: link.target_slot,
      })),
  ])
  .nullable();

const linksSchema = z.array(linkSchema).max(MOST_LINKS);

/** An input or output of a subgraph: a slot of every node that stands for it. */
const boundarySlotSchema = z.looseObject({
  name: z.string(),
  type: slotTypeSchema,
  linkIds: z.array(linkIdSchema).max(MOST_LINKS).nullish(),
});

const boundarySchema = z.array(boundarySlotSchema).max(MOST_SLOTS).nullish();

const graphFields = {
  nodes: z.array(nodeSchema).max(MOST_NODES),
  links: linksSchema.nullish(),
};

const subgraphSchema = z.looseObject({
  ...graphFields,
  id: z.string().min(1).max(200),
  name: z.string().nullish(),
  inputs: boundarySchema,
  outputs: boundarySchema,
});

/** A graph in the editor's format. */
export const graphSchema = z.looseObject({
  ...graphFields,
  definitions: z
    .looseObject({ subgraphs: z.array(subgraphSchema).max(MOST_SUBGRAPHS).nullish() })
    .nullish(),
});

export type GraphNode = z.infer<typeof nodeSchema>;
export type GraphLink = NonNullable<z.infer<typeof linkSchema>>;
export type BoundarySlot = z.infer<typeof boundarySlotSchema>;
export type Subgraph = z.infer<typeof subgraphSchema>;
export type Workflow = z.infer<typeof graphSchema>;

/** One sentence that says where the JSON stops being a graph. */
export function graphFault(error: z.ZodError): string {
  const [issue] = error.issues;
  const place = issue?.path.join(".") ?? "";
  return `The workflow cannot be read${place && ` at ${place}`}: ${issue?.message ?? "invalid"}. Open it in ComfyUI's editor and save it again.`;
}
