/** Node types that the editor treats in a way of its own. */

/** Nodes that live in the editor only. They never reach ComfyUI. */
export const REROUTE = "Reroute";
export const PRIMITIVE = "PrimitiveNode";
const NOTES = new Set(["Note", "MarkdownNote"]);

export const isVirtual = (type: string): boolean =>
  type === REROUTE || type === PRIMITIVE || NOTES.has(type);

/** Types that the editor renames whenever it opens a graph. */
const RENAMED: Readonly<Record<string, string>> = {
  "ConditioningAverage ": "ConditioningAverage",
  Load3DAnimation: "Load3D",
  Preview3DAnimation: "Preview3D",
  SDV_img2vid_Conditioning: "SVD_img2vid_Conditioning",
  T2IAdapterLoader: "ControlNetLoader",
};

export const currentType = (type: string): string =>
  Object.hasOwn(RENAMED, type) ? (RENAMED[type] ?? type) : type;

/** Nodes that stood for a group before there were subgraphs. */
export const isGroupNode = (type: string): boolean => /^workflow[>/]/.test(type);
