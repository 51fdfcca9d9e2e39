/**
 * Nodes with which other packages' tests bring about what is rare: a slow node, a failure, a full
 * GPU, a process that dies. Offered only by a simulator that was made with `testNodes: true`.
 * GwSlow and GwGrown are the custom nodes with which real ComfyUI was recorded.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { SimulatedOutOfMemory } from "../execution/gpu.ts";
import { asSharp } from "./image-nodes.ts";
import { NodeFailure, gives } from "./node.ts";
import type { OwnNode } from "./node.ts";

type Inputs = Readonly<Record<string, readonly [string, Readonly<Record<string, unknown>>]>>;

const ownNode = (name: string, required: Inputs, run: OwnNode["run"]): [string, OwnNode] => [
  name,
  {
    run,
    definition: {
      input: {
        required: { image: ["IMAGE", {}], ...required },
        hidden: { unique_id: "UNIQUE_ID" },
      },
      input_order: { required: ["image", ...Object.keys(required)], hidden: ["unique_id"] },
      output: ["IMAGE"],
      output_is_list: [false],
      output_name: ["IMAGE"],
      name,
      display_name: name,
      description: "",
      category: "simulated",
      python_module: "custom_nodes.gwtest",
      output_node: false,
    },
  },
];

const slow = ownNode(
  "GwSlow",
  {
    steps: ["INT", { default: 5, min: 1, max: 1000 }],
    ms: ["INT", { default: 200, min: 0, max: 100_000 }],
    fail: ["BOOLEAN", { default: false }],
  },
  async (inputs, context) => {
    const image = inputs.image("image");
    const steps = inputs.integer("steps");
    const preview = await asSharp(await image.frame(0), image.width, image.height)
      .resize(256, 256, { fit: "inside" })
      .jpeg()
      .toBuffer();
    for (let step = 1; step <= steps; step += 1) {
      await sleep(inputs.integer("ms"));
      context.progress(step, steps, preview);
      if (inputs.boolean("fail") && step === 2) {
        throw new NodeFailure("ValueError", "gwtest: asked to fail");
      }
    }
    context.text("text from node");
    return { outputs: [image] };
  },
);

const outOfMemory = ownNode("GwOutOfMemory", {}, () => {
  throw new SimulatedOutOfMemory(999_999);
});

/** Leaves a model in GPU memory, as a loader does. */
const loadModel = ownNode("GwLoadModel", {}, async (inputs, context) => {
  await context.gpu.load("gw-model.safetensors", 1000);
  return gives(inputs.image("image"));
});

/** Runs out of memory while any model is loaded. */
const wholeGpu = ownNode("GwWholeGpu", {}, (inputs, context) => {
  if (context.gpu.freeBytes < context.gpu.totalBytes) throw new SimulatedOutOfMemory(999_999);
  return gives(inputs.image("image"));
});

const crash = ownNode("GwCrash", {}, async (inputs, context) => {
  context.crash();
  await context.gpu.work(1);
  return gives(inputs.image("image"));
});

/** The test nodes of a ComfyUI version: GwGrown got a required input in 0.11.1. */
export function testNodes(version: string): Readonly<Record<string, OwnNode>> {
  const grown = ownNode(
    "GwGrown",
    version === "0.9.2" ? {} : { new_steps: ["INT", { default: 1, min: 1, max: 10 }] },
    (inputs) => gives(inputs.image("image")),
  );
  return Object.fromEntries([slow, grown, outOfMemory, loadModel, wholeGpu, crash]);
}
