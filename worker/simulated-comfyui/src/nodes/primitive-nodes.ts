/** Nodes that hand on a value. */
import { NodeFailure, gives } from "./node.ts";
import type { NodeRuns } from "./node.ts";

export const primitiveNodes: NodeRuns = {
  PrimitiveInt: (inputs) => gives(inputs.integer("value")),
  PrimitiveFloat: (inputs) => gives(inputs.number("value")),
  PrimitiveString: (inputs) => gives(inputs.text("value")),
  PrimitiveStringMultiline: (inputs) => gives(inputs.text("value")),
  PrimitiveBoolean: (inputs) => gives(inputs.boolean("value")),
  StringConcatenate: (inputs) =>
    gives([inputs.text("string_a"), inputs.text("string_b")].join(inputs.text("delimiter"))),
  // The choice, and (from 0.11.0 on) its place among the options.
  CustomCombo: (inputs) => {
    const choice = inputs.text("choice");
    const options = Object.entries(inputs.values)
      .filter(([name]) => /^option\d+$/.test(name))
      .map(([, option]) => option);
    const index = options.indexOf(choice);
    if (index < 0) throw new NodeFailure("ValueError", `${choice} is not among the options`);
    return gives(choice, index);
  },
};
