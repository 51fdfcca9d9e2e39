/** Puts a node's stored widget values at the places where the newer version's editor looks. */
import type { NodeDefinition } from "../object-info.ts";
import { filled } from "./migrate-inputs.ts";
import type { MigrationChange, MigrationProblem } from "./migration.ts";
import type { NodeRenames } from "./renames.ts";
import { lookUp } from "./renames.ts";
import { layoutNames, readLayout } from "./widget-layout.ts";
import type { Layout, Place } from "./widget-layout.ts";

/** A migrated seed stays as it was until somebody says otherwise. */
const NEW_CONTROLS = ["fixed", ""];

type Change = Pick<MigrationChange, "kind" | "input" | "detail">;
type Problem = Pick<MigrationProblem, "kind" | "detail">;

export interface MigratedWidgets {
  /** The very list that came in when nothing changes. */
  readonly values: readonly unknown[];
  readonly changes: readonly Change[];
  readonly problem?: Problem;
}

/**
 * Values that the newer definition can hold stay where they are. Else, if they are exactly what the
 * older definition has, each goes where its widget is now; else, if only the last widgets lack a
 * value, these get their defaults. Anything else is left as it is.
 */
export function migrateWidgets(
  classType: string,
  stored: readonly unknown[],
  from: NodeDefinition | undefined,
  to: NodeDefinition,
  renames: NodeRenames | undefined,
): MigratedWidgets {
  const after = readLayout(classType, to, stored, renames);
  const before = from && readLayout(classType, from, stored);
  const same = !before || layoutNames(before) === layoutNames(after);
  if (after.complete && after.valid) {
    const kept = write(stored, after);
    const unclear = !same && before.complete && before.valid;
    return unclear ? { ...kept, problem: unclearValues(classType) } : kept;
  }
  if (!same && before.complete && before.valid) {
    return relay(stored, before, readOld(classType, to, before, renames));
  }
  const missing = after.places.filter((place) => !place.stored);
  const stated = missing.every(({ widget }) => widget.spec.options["default"] !== undefined);
  if (same && after.valid && missing.length > 0 && stated) return write(stored, after);
  return { values: stored, changes: [] };
}

const unclearValues = (classType: string): Problem => ({
  kind: "values-unclear",
  detail: `The values of "${classType}" fit both versions, which order them differently. If they were made for the older one, check them in the editor.`,
});

/** The newer layout, each widget with the value that it had in the older one. */
function readOld(
  classType: string,
  to: NodeDefinition,
  before: Layout,
  renames: NodeRenames | undefined,
): Layout {
  const old = new Map(
    before.places.map((place) => [
      lookUp(renames?.inputs, place.widget.name) ?? place.widget.name,
      place,
    ]),
  );
  // Each round places the widgets that the choices known so far bring.
  let values: unknown[] = [];
  for (;;) {
    const layout = readLayout(classType, to, values, renames);
    const next = layout.places.find((place) => !place.stored);
    if (!next) return { ...layout, rest: before.rest };
    const known = old.get(next.widget.name);
    const controls = Array.from(
      { length: next.widget.controls },
      (_, index) => known?.controls[index] ?? NEW_CONTROLS[index],
    );
    values = [...values, known ? known.value : next.value, ...controls];
  }
}

function relay(stored: readonly unknown[], before: Layout, after: Layout): MigratedWidgets {
  const names = new Set(before.places.map(({ widget }) => widget.name));
  const kept = new Set(after.places.map(({ widget }) => widget.name));
  const added = after.places.filter(({ widget }) => !names.has(widget.name));
  const dropped = before.places.filter(({ widget }) => !kept.has(widget.name));
  const says = dropped.map(
    ({ widget, value }) => `; ${JSON.stringify(value)} of "${widget.name}" is gone with its widget`,
  );
  return {
    values: [...after.places.flatMap(({ value, controls }) => [value, ...controls]), ...after.rest],
    changes: [
      {
        kind: "values-reordered",
        detail: `The ${stored.length} stored values are now where the newer version's editor looks for them${says.join("")}.`,
      },
      ...added.map(newValue),
    ],
  };
}

const newValue = ({ widget, value }: Place): Change => ({
  kind: "default-filled",
  input: widget.name,
  detail: filled(widget.name, value),
});

/** Values by place; only what was renamed or is missing makes a difference. */
function write(stored: readonly unknown[], { places, rest }: Layout): MigratedWidgets {
  const changes: Change[] = [];
  const values: unknown[] = [];
  for (const place of places) {
    const { widget, value, controls } = place;
    if (!place.stored) changes.push(newValue(place));
    else if (!Object.is(value, stored[values.length])) {
      const detail = `"${String(stored[values.length])}" of "${widget.name}" is now called "${String(value)}".`;
      changes.push({ kind: "option-renamed", input: widget.name, detail });
    }
    const companions = Array.from(
      { length: widget.controls },
      (_, index) => controls[index] ?? NEW_CONTROLS[index],
    );
    values.push(value, ...companions);
  }
  return changes.length === 0
    ? { values: stored, changes }
    : { values: [...values, ...rest], changes };
}
