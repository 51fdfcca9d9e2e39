/**
 * A new version's node definitions as they are kept in `object-info/`: without prose, which only
 * people read, and without the lists of files, which are the captured machine's own.
 */
import { readFileSync, writeFileSync, renameSync } from "node:fs";
import { z } from "zod";
import { listsFiles } from "./file-options.ts";
import { objectInfoSchema, readInputSpec } from "./object-info.ts";
import type { InputSpec, NodeDefinition, ObjectInfo } from "./object-info.ts";

const PROSE = new Set(["tooltip", "description"]);
/** Of a definition, for the editor's search and shop window. */
const ORNAMENTS = new Set(["output_tooltips", "search_aliases", "dev_only", "price_badge"]);

/** Fewer node types are no ComfyUI: it has 600 and more of its own. */
const LEAST_NODES = 50;

/** `0.11.1`; also the name of the capture's file. */
export const capturedVersionSchema = z
  .string()
  .regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/, "must be a version such as 0.11.1");

/** It can't be kept as a capture. The message is for the operator. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
}

/** @param answer what `GET /object_info` answered, parsed. Throws CaptureError. */
export function toCapture(answer: unknown): ObjectInfo {
  const parsed = objectInfoSchema.safeParse(answer);
  if (!parsed.success) {
    throw new CaptureError(
      "The answer is not ComfyUI's object_info: check that the address is a ComfyUI's, such as http://127.0.0.1:8188.",
    );
  }
  const names = Object.keys(parsed.data);
  if (names.length < LEAST_NODES) {
    throw new CaptureError(
      `The answer names ${names.length} node types only: wait until this ComfyUI has loaded its nodes, and look into its log.`,
    );
  }
  return Object.fromEntries(
    Object.entries(parsed.data).map(([name, definition]) => {
      const telling = Object.entries(definition).filter(([key]) => !ORNAMENTS.has(key));
      const input = withoutFiles(name, definition.input);
      return [name, withoutProse({ ...Object.fromEntries(telling), input })];
    }),
  ) as ObjectInfo;
}

/** Writes the capture of a version so that a half-written one is never read. */
export function writeCapture(file: string, capture: ObjectInfo): void {
  const draft = `${file}.draft`;
  writeFileSync(draft, JSON.stringify(capture));
  renameSync(draft, file);
}

/** An object_info from a file: a capture, or what somebody saved of `GET /object_info`. */
export function readObjectInfoFile(file: string): ObjectInfo {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CaptureError(`${file} can't be read: ${(error as Error).message}`);
  }
  const parsed = objectInfoSchema.safeParse(content);
  if (parsed.success && Object.keys(parsed.data).length > 0) return parsed.data;
  throw new CaptureError(`${file} is not an object_info: save ComfyUI's GET /object_info there.`);
}

function withoutFiles(classType: string, input: NodeDefinition["input"]): NodeDefinition["input"] {
  const result = { ...input };
  for (const category of ["required", "optional"] as const) {
    const specs = input[category];
    if (!specs) continue;
    result[category] = Object.fromEntries(
      Object.entries(specs).map(([name, raw]) => {
        const spec = readInputSpec(raw);
        return [
          name,
          spec && listsFiles(classType, name, spec) ? emptied(raw as unknown[], spec) : raw,
        ];
      }),
    );
  }
  return result;
}

/** The default of a file list is a file too. */
function emptied(raw: readonly unknown[], { type, options }: InputSpec): unknown {
  const { default: _, ...others } = options;
  if (typeof type === "string") return [type, { ...others, options: [] }];
  return raw.length === 1 ? [[]] : [[], others];
}

/**
 * An input may be called "description"; its spec is a list, prose is text or texts. `null` says
 * nothing, at length.
 */
const isProse = (key: string, value: unknown): boolean =>
  value === null || (PROSE.has(key) && typeof value !== "object");

function withoutProse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => !isProse(key, item))
      .map(([key, item]) => [key, withoutProse(item)]),
  );
}
