/** Whether the editor lets two slots be connected. Not what ComfyUI judges: see `slot-types.ts`. */
export function slotsConnect(one: string, other: string): boolean {
  if (isAnything(one) || isAnything(other) || one === other) return true;
  const members = new Set(membersOf(one));
  return membersOf(other).some((member) => members.has(member));
}

const isAnything = (type: string): boolean =>
  type === "*" || type === "" || type === "COMFY_MATCHTYPE_V3";

const membersOf = (type: string): string[] => type.toLowerCase().split(",");
