/** Every node type of ComfyUI that the simulator can run. */
import { imageNodes } from "./image-nodes.ts";
import { loadNodes } from "./load-nodes.ts";
import { maskNodes } from "./mask-nodes.ts";
import { modelNodes } from "./model-nodes.ts";
import type { NodeRuns } from "./node.ts";
import { primitiveNodes } from "./primitive-nodes.ts";
import { samplingNodes } from "./sampling-nodes.ts";
import { saveNodes } from "./save-nodes.ts";

export const nodeRuns: NodeRuns = {
  ...primitiveNodes,
  ...imageNodes,
  ...maskNodes,
  ...loadNodes,
  ...modelNodes,
  ...samplingNodes,
  ...saveNodes,
};
