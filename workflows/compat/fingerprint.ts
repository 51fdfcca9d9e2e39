/**
 * A fingerprint of what a ComfyUI can do: equal for two workers that accept the same prompts, and
 * unmoved by wording, by translations and by the files on their disks.
 */
import { createHash } from "node:crypto";
import { listsFiles } from "./file-options.ts";
import { readInputSpec } from "./object-info.ts";
import type { ObjectInfo } from "./object-info.ts";

/** Keys that change what people see and nothing that a prompt is judged by. */
const COSMETIC = new Set([
  "search_aliases",
  "dev_only",
  "tooltip",
  "output_tooltips",
  "description",
  "display_name",
  "price_badge",
]);

/** sha256 (hex) over the object_info with sorted keys, without cosmetic keys and file lists. */
export function fingerprintObjectInfo(objectInfo: ObjectInfo): string {
  const hash = createHash("sha256");
  for (const classType of Object.keys(objectInfo).sort()) {
    const definition = objectInfo[classType];
    if (!definition) continue;
    const input = Object.fromEntries(
      ["required", "optional", "hidden"].map((category) => [
        category,
        stableSpecs(classType, definition.input[category]),
      ]),
    );
    hash.update(JSON.stringify([classType, canonical({ ...definition, input })]) + "\n");
  }
  return hash.digest("hex");
}

function stableSpecs(classType: string, specs: unknown): unknown {
  if (typeof specs !== "object" || specs === null) return {};
  return Object.fromEntries(
    Object.entries(specs).map(([name, raw]) => {
      const spec = readInputSpec(raw);
      if (!spec) return [name, raw];
      // Written out: an input without options may get a tooltip, which makes them an empty object.
      if (!listsFiles(classType, name, spec)) return [name, [spec.type, spec.options]];
      // The default of a file list is a file too.
      const options = Object.entries(spec.options).filter(
        ([key]) => key !== "options" && key !== "default",
      );
      return [name, ["files", Object.fromEntries(options)]];
    }),
  );
}

/**
 * The same value with keys sorted at every level, without cosmetic keys and without those that say
 * nothing: ComfyUI writes `null` where another version, or a capture, leaves the key out.
 */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .filter(([key, item]) => !COSMETIC.has(key) && item !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, canonical(item)]);
}
