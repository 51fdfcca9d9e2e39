/** The values of a node's widgets, read from `widgets_values` as the editor reads it. */
import type { NodeDefinition } from "../object-info.ts";
import type { GraphNode } from "./graph-schema.ts";
import { initialValue, orderedInputs, visitWidgets, widgetOf } from "./widgets.ts";
import type { Input } from "./widgets.ts";

/** Widget values by input name. Own, mutable: a primitive node writes into it. */
export type WidgetValues = Map<string, unknown>;

/**
 * Values in `widgets_values` win over the definition's defaults; companions such as
 * `control_after_generate` are stepped over, and what is left at the end belongs to no input (the
 * button of an upload).
 */
export function widgetValues(
  definition: NodeDefinition,
  stored: GraphNode["widgets_values"],
): WidgetValues {
  const inputs = orderedInputs(definition);
  const values: WidgetValues = new Map();
  if (!Array.isArray(stored)) {
    visitWidgets(inputs, (widget) => {
      const own = stored && Object.hasOwn(stored, widget.name);
      const value = own ? stored[widget.name] : initialValue(widget);
      values.set(widget.name, value);
      return value;
    });
    return values;
  }
  const positional = withoutForcedInputs(inputs, stored);
  let next = 0;
  visitWidgets(inputs, (widget) => {
    const value = next < positional.length ? positional[next] : initialValue(widget);
    next += 1 + widget.controls;
    values.set(widget.name, value);
    return value;
  });
  return values;
}

/**
 * Graphs from before frontend 1.16 also hold a value for inputs that are sockets by `forceInput`.
 * Only their number shows it.
 */
export function withoutForcedInputs(
  inputs: readonly Input[],
  stored: readonly unknown[],
): readonly unknown[] {
  if (!inputs.some(isForced)) return stored;
  const forced = inputs.flatMap((input) => {
    if (isForced(input)) return [true];
    const widget = widgetOf(input);
    return widget ? [false, ...Array.from({ length: widget.controls }, () => false)] : [];
  });
  return forced.length === stored.length ? stored.filter((_, index) => !forced[index]) : stored;
}

const isForced = ({ spec }: Input): boolean => spec.options["forceInput"] === true;
