/** Graphs that the benchmarks submit, in API format. */
import { templates } from "@comfymulti/workflows";

/**
 * One picture of 64 × 64 without a model.
 *
 * @param variant Another one each time, or ComfyUI answers from its cache.
 */
export function smallGraph(variant: number) {
  const image = { width: 64, height: 64, batch_size: 1, color: (variant + 1000) & 0xff_ff_ff };
  return {
    "1": { class_type: "EmptyImage", inputs: image },
    "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
  };
}

/** What a participant renders first: a picture of a checkpoint model, with previews. */
export function exampleGraph(): unknown {
  const example = templates.find(({ id }) => id === "example_workflow");
  if (!example) throw new Error("the example workflow is a template");
  return example.api;
}
