/**
 * The shape of ComfyUI's `GET /object_info`: what every node type takes and gives.
 * Tolerant on purpose: custom nodes add keys and odd specs, and a newer ComfyUI adds new ones.
 */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** Input specs by input name. A spec is `[type]` or `[type, options]`; hidden ones are bare strings. */
const inputSpecsSchema = z.record(z.string(), z.unknown());

/** One node type, as ComfyUI describes it. Unknown keys are kept. */
export const nodeDefinitionSchema = z.looseObject({
  input: z.looseObject({
    required: inputSpecsSchema.optional(),
    optional: inputSpecsSchema.optional(),
    hidden: inputSpecsSchema.optional(),
  }),
  /** Type of each output slot; a list of options where a node gives out a combo's value. */
  output: z.array(z.union([z.string(), z.array(z.unknown())])),
  output_node: z.boolean().optional(),
  python_module: z.string().optional(),
});

/** All node types of one ComfyUI by their `class_type`. */
export const objectInfoSchema = z.record(z.string(), nodeDefinitionSchema);

export type NodeDefinition = z.infer<typeof nodeDefinitionSchema>;
export type ObjectInfo = z.infer<typeof objectInfoSchema>;

/** The type of an input or output slot: a name, or (old notation of a combo) its list of options. */
export type SlotType = string | readonly unknown[];

/** An input spec taken apart: its type, and its options (`default`, `min`, `max`, …). */
export interface InputSpec {
  readonly type: SlotType;
  readonly options: Readonly<Record<string, unknown>>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads `[type, options?]`; undefined for anything else, which no ComfyUI sends for a visible input. */
export function readInputSpec(spec: unknown): InputSpec | undefined {
  if (!Array.isArray(spec)) return undefined;
  const [type, options] = spec as unknown[];
  if (typeof type !== "string" && !Array.isArray(type)) return undefined;
  return { type, options: isRecord(options) ? options : {} };
}

/** The options of a combo input in either notation (`[["a"],{}]` and `["COMBO",{options}]`), else undefined. */
export function comboOptions({ type, options }: InputSpec): readonly unknown[] | undefined {
  if (typeof type !== "string") return type;
  if (type !== "COMBO") return undefined;
  return Array.isArray(options["options"]) ? (options["options"] as unknown[]) : [];
}

const CAPTURES = new URL("../object-info/", import.meta.url);

/** Where the capture of a version lies, or will lie. */
export const captureFile = (version: string): string =>
  fileURLToPath(new URL(`${version}.json`, CAPTURES));

const loaded = new Map<string, ObjectInfo>();

/**
 * The captured object_info of a ComfyUI version (`"0.11.1"`). Read and parsed once a process, then
 * shared: do not change it. Throws an Error that names the known versions for an unknown one.
 */
export function loadObjectInfo(version: string): ObjectInfo {
  const known = loaded.get(version);
  if (known) return known;
  const versions = capturedVersions();
  if (!versions.includes(version)) {
    throw new Error(
      `The node definitions of ComfyUI ${version} are not captured (${versions.join(", ")} are): run comfymulti capture URL against a ComfyUI of that version.`,
    );
  }
  const text = readFileSync(captureFile(version), "utf8");
  const objectInfo = objectInfoSchema.parse(JSON.parse(text));
  loaded.set(version, objectInfo);
  return objectInfo;
}

/** The ComfyUI versions whose object_info was captured, oldest first. */
export function capturedVersions(): readonly string[] {
  return readdirSync(CAPTURES)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
