/** The nodes of a prompt that ComfyUI looks at: output nodes, and all that they need. */
import { liveInputs } from "../dynamic-inputs.ts";
import type { ObjectInfo } from "../object-info.ts";
import type { Prompt } from "../../templates/index.ts";
import { lookUp } from "./renames.ts";

/** Ids. Links into inputs that `objectInfo` does not know lead nowhere, as in ComfyUI. */
export function reachedNodes(prompt: Prompt, objectInfo: ObjectInfo): ReadonlySet<string> {
  const reached = new Set(
    Object.entries(prompt).flatMap(([id, { class_type: type }]) =>
      lookUp(objectInfo, type)?.output_node === true ? [id] : [],
    ),
  );
  // A set that grows while it is read: what is added is visited too.
  for (const id of reached) {
    const node = lookUp(prompt, id);
    const definition = node && lookUp(objectInfo, node.class_type);
    if (!definition) continue;
    for (const { name } of liveInputs(definition, node.inputs)) {
      const value = lookUp(node.inputs, name);
      const source: unknown = Array.isArray(value) ? value[0] : undefined;
      if (typeof source === "string" && Object.hasOwn(prompt, source)) reached.add(source);
    }
  }
  return reached;
}
