/** Values as bash reads them back, whatever they hold. */

/** One word: `it's` → `'it'\''s'`. */
export const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;

type Value = string | number | readonly (string | number)[];

/** `readonly NAME='value'`, a line each; a list becomes an array. */
export function assignments(values: Readonly<Record<string, Value>>): string {
  const text = (value: Value): string =>
    typeof value === "object"
      ? `(${value.map((item) => quoted(String(item))).join(" ")})`
      : quoted(String(value));
  return Object.entries(values)
    .map(([name, value]) => `readonly ${name}=${text(value)}`)
    .join("\n");
}
