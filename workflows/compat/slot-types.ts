/** Whether an output of one type may be linked to an input of another, as ComfyUI judges it. */
import type { SlotType } from "./object-info.ts";
import { pythonEquals } from "./python-text.ts";

const ANY = "*";
/** A generic slot of ComfyUI's V3 nodes: the editor checks it, the server does not. */
const MATCH = "COMFY_MATCHTYPE_V3";

/** Unions are written `"A,B"`; one common member is enough. `*` fits everything. */
export function slotTypesFit(received: SlotType, wanted: SlotType): boolean {
  if (pythonEquals(received, wanted)) return true;
  if ([received, wanted].some((type) => type === ANY || type === MATCH)) return true;
  if (typeof wanted !== "string") return false;
  // Custom nodes give out a combo's options as the type of the output.
  if (typeof received !== "string") return wanted === "COMBO";
  const given = members(received);
  const accepted = members(wanted);
  if (given.includes(ANY) || accepted.includes(ANY)) return true;
  return given.some((type) => accepted.includes(type));
}

const members = (type: string): string[] => type.split(",").map((member) => member.trim());
