/**
 * Inputs that the editor's own extensions add to some nodes and send along. No node definition has
 * them, and ComfyUI ignores them: a player, a preview, the choices of a list made up by the user.
 */
import type { GraphNode } from "./graph-schema.ts";

const PLAYER = { audioUI: "" };

const ADDED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  LoadAudio: PLAYER,
  PreviewAny: { preview: "", previewMode: false },
  PreviewAudio: PLAYER,
  SaveAudio: PLAYER,
  SaveAudioMP3: PLAYER,
  SaveAudioOpus: PLAYER,
  SaveGLB: { image: "" },
};

const OPTION = /^option\d+$/;

/** What the editor adds to a node of this type when it sends it. */
export function editorInputs(type: string, node: GraphNode): Readonly<Record<string, unknown>> {
  if (type === "CustomCombo") return optionsOf(node.widgets_values);
  return Object.hasOwn(ADDED, type) ? (ADDED[type] ?? {}) : {};
}

/** Whether an input of this name, which no definition has, comes from the editor itself. */
export function isEditorInput(type: string, name: string): boolean {
  if (type === "CustomCombo") return OPTION.test(name);
  return Object.hasOwn(ADDED, type) && Object.hasOwn(ADDED[type] ?? {}, name);
}

/** The list's first value is the choice, the options follow; the last one is empty. */
function optionsOf(stored: GraphNode["widgets_values"]): Readonly<Record<string, unknown>> {
  const options = Array.isArray(stored) ? stored.slice(1) : [];
  if (options.length === 0) options.push("");
  return Object.fromEntries(options.map((option, index) => [`option${index}`, option]));
}
