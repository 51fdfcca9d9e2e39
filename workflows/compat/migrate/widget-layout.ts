/** Stored widget values (`widgets_values`) read with one version's definition of the node. */
import { isEditorInput } from "../convert/editor-inputs.ts";
import {
  CONTROL_VALUES,
  initialValue,
  isChoice,
  orderedInputs,
  visitWidgets,
} from "../convert/widgets.ts";
import type { Widget } from "../convert/widgets.ts";
import { listsFiles } from "../file-options.ts";
import type { NodeDefinition } from "../object-info.ts";
import { validateValue } from "../validate-input.ts";
import { renamedOption } from "./rename-value.ts";
import type { NodeRenames } from "./renames.ts";

/** One widget and the values that belong to it: its own, then those of its companions. */
export interface Place {
  readonly widget: Widget;
  readonly value: unknown;
  readonly controls: readonly unknown[];
  /** Whether the stored values reach it. */
  readonly stored: boolean;
}

export interface Layout {
  readonly places: readonly Place[];
  /** Whether every stored value is one that its widget can hold. */
  readonly valid: boolean;
  /** Whether there is a value for every widget, and none too many. */
  readonly complete: boolean;
  /** Values behind the last widget, such as the button of an upload. */
  readonly rest: readonly unknown[];
}

const UPLOADS = ["image_upload", "video_upload", "animated_image_upload", "audio_upload"];
/** A player and a button. */
const MOST_UPLOAD_VALUES = 2;

/** `renames` says which old values count as their new ones; the places hold the new ones. */
export function readLayout(
  classType: string,
  definition: NodeDefinition,
  stored: readonly unknown[],
  renames?: NodeRenames,
): Layout {
  const places: Place[] = [];
  let next = 0;
  let valid = true;
  const inputs = orderedInputs(definition);
  visitWidgets(inputs, (widget) => {
    const own = stored[next];
    const value =
      next < stored.length
        ? (renamedOption(renames, widget.name, widget.spec, own) ?? own)
        : initialValue(widget);
    const controls = stored.slice(next + 1, next + 1 + widget.controls);
    if (next < stored.length) valid &&= holds(classType, widget, value) && areControls(controls);
    places.push({ widget, value, controls, stored: next < stored.length });
    next += 1 + widget.controls;
    return value;
  });
  const rest = stored.slice(next);
  const uploads = inputs.some(({ spec }) =>
    UPLOADS.some((option) => spec.options[option] === true),
  );
  const most = addsValues(classType) ? Infinity : uploads ? MOST_UPLOAD_VALUES : 0;
  return { places, valid, complete: next <= stored.length && rest.length <= most, rest };
}

const addsValues = (classType: string): boolean =>
  ["audioUI", "preview", "image", "option0"].some((name) => isEditorInput(classType, name));

/** Names in the order of their values: two layouts with the same ones are the same. */
export const layoutNames = ({ places }: Layout): string =>
  JSON.stringify(places.map(({ widget }) => [widget.name, widget.controls]));

/** Which files are on disk is no matter of versions. */
function holds(classType: string, widget: Widget, value: unknown): boolean {
  if (value === null || widget.editorOnly) return true;
  if (listsFiles(classType, widget.name, widget.spec)) return typeof value === "string";
  const literal = Array.isArray(value) ? { __value__: value } : value;
  if (!sameKind(widget, value) || validateValue(widget, literal, false)) return false;
  return widget.spec.type !== "COMFY_DYNAMICCOMBO_V3" || isChoice(widget.spec, value);
}

/** ComfyUI turns `true` into 1 and "1" into 1; the editor writes each kind as itself. */
function sameKind({ spec }: Widget, value: unknown): boolean {
  if (spec.type === "INT" || spec.type === "FLOAT") return typeof value === "number";
  if (spec.type === "BOOLEAN") return typeof value === "boolean";
  return spec.type !== "STRING" || typeof value === "string";
}

const areControls = ([control]: readonly unknown[]): boolean =>
  control === undefined || CONTROL_VALUES.includes(control);
