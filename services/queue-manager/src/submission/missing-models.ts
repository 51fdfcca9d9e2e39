/** Says in words that a graph names a model file which no worker has. */
import { isModelFile, type NodeErrors } from "@comfymulti/workflows";

/** Files named in one sentence. */
const NAMED = 5;

/**
 * A sentence for the participant when model files are among what was refused; undefined else.
 * ComfyUI's own words for it are a list of all the files that there are.
 */
export function missingModels(nodeErrors: NodeErrors): string | undefined {
  const missing = new Set(
    Object.values(nodeErrors)
      .flatMap(({ errors }) => errors)
      .filter(({ type }) => type === "value_not_in_list")
      .map(({ extra_info: { received_value: value } }) => value)
      .filter((value) => typeof value === "string")
      .filter(isModelFile),
  );
  if (missing.size === 0) return undefined;
  const named = [...missing].slice(0, NAMED).join(", ");
  const more = missing.size > NAMED ? ` and ${missing.size - NAMED} more` : "";
  const [file, are] = missing.size === 1 ? ["file", "is"] : ["files", "are"];
  return `The model ${file} ${named}${more} ${are} on no worker. Choose a model that is in the node's list, or ask the host to restore the ${file} (comfymulti-worker models restore).`;
}
