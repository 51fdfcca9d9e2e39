/**
 * Changes settings in `Pulumi.<stack>.yaml` as a person would: only the keys that change, with
 * comments and everything else where they were.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import {
  Document,
  isMap,
  isNode,
  isScalar,
  parseDocument,
  visit,
  type Pair,
  type YAMLMap,
} from "yaml";
import { repository } from "../../components/installation.ts";
import type { Settings } from "../../stacks/settings.ts";
import { readStackFile } from "../stack-settings.ts";

/** Settings of the project by their names, without the namespace; undefined = the default. */
export type ChangedSettings = { readonly [Key in keyof Settings]?: Settings[Key] | undefined };

/** @param stack of a file that is there: `readStackFile` has read it */
export const stackFilePath = (stack: string): string =>
  path.join(process.env.COMFYMULTI_SETTINGS ?? repository, `Pulumi.${stack}.yaml`);

/** What the file itself says of these settings, unparsed; what it leaves out is left out. */
export function writtenSettings(
  stack: string,
  names: readonly (keyof Settings)[],
): Record<string, unknown> {
  const config = readStackFile(stack).config ?? {};
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = config[`comfymulti:${name}`];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

export function changeStackFile(stack: string, changes: Readonly<Record<string, unknown>>): void {
  const file = stackFilePath(stack);
  const text = readFileSync(file, "utf8");
  const changed = changedText(text, changes);
  if (changed !== text) writeWhole(file, changed);
}

/** Within settings that are objects: `["images", "frontend", "0.11.1"]` and its value. */
export type NestedChange = readonly [path: readonly [string, ...string[]], value: unknown];

export function changeWithin(stack: string, changes: readonly NestedChange[]): void {
  const file = stackFilePath(stack);
  const text = readFileSync(file, "utf8");
  const changed = textChangedWithin(text, changes);
  if (changed !== text) writeWhole(file, changed);
}

export function textChangedWithin(text: string, changes: readonly NestedChange[]): string {
  return changes.reduce((changed, [[name, ...rest], value]) => {
    const document = parseDocument(changed);
    return withSetting(changed, document, [`comfymulti:${name}`, ...rest], value);
  }, text);
}

/** @param changes undefined takes a setting away */
export function changedText(text: string, changes: Readonly<Record<string, unknown>>): string {
  return Object.entries(changes).reduce(
    (changed, [name, value]) =>
      withSetting(changed, parseDocument(changed), [`comfymulti:${name}`], value),
    text,
  );
}

/** Cuts out and puts in by place, since printing the whole document would format it anew. */
function withSetting(
  text: string,
  document: Document,
  [key, ...rest]: readonly [string, ...string[]],
  value: unknown,
): string {
  const config = document.get("config");
  if (!isOfLines(config)) {
    if (value === undefined) return text;
    const whole = rest.length === 0 ? value : nested({}, rest, value);
    document.set("config", document.createNode({ ...asRecord(config), [key]: whole }));
    return document.toString({ lineWidth: 0 });
  }
  return withEntry(text, config, [key, ...rest], value);
}

function withEntry(
  text: string,
  config: YAMLMap,
  [key, ...rest]: readonly [string, ...string[]],
  value: unknown,
  print = entryText,
): string {
  const pair = config.items.find((each) => isScalar(each.key) && each.key.value === key);
  const [inner, ...further] = rest;
  if (inner !== undefined) {
    if (isOfLines(pair?.value)) return withEntry(text, pair.value, [inner, ...further], value);
    const whole = nested(asRecord(pair?.value), [inner, ...further], value);
    return withEntry(text, config, [key], whole, linesText);
  }
  if (!pair) {
    if (value === undefined) return text;
    const [start] = rangeOf(config.items[0]?.key);
    const indent = " ".repeat(start - lineStart(text, start));
    const end = contentEnd(text, config.items.at(-1));
    return `${text.slice(0, end)}\n${indent}${print(key, value, indent)}${text.slice(end)}`;
  }
  if (JSON.stringify(toPlain(pair.value)) === JSON.stringify(value)) return text;
  const [start] = rangeOf(pair.key);
  const from = lineStart(text, start);
  const end = contentEnd(text, pair);
  // A comment behind the value goes with it only when the setting goes.
  if (value === undefined) return text.slice(0, from) + text.slice(lineEnd(text, end));
  return text.slice(0, start) + print(key, value, " ".repeat(start - from)) + text.slice(end);
}

/** A map whose entries have lines of their own. */
const isOfLines = (node: unknown): node is YAMLMap =>
  isMap(node) && node.flow !== true && node.items.length > 0;

/** An object with one value in it changed. */
function nested(
  whole: object,
  [key, ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  if (key === undefined) throw new Error("a path has an end");
  const record = { ...whole } as Record<string, unknown>;
  const inner = record[key];
  record[key] =
    rest.length === 0
      ? value
      : nested(typeof inner === "object" && inner !== null ? inner : {}, rest, value);
  return record;
}

type Entry = Pair<unknown, unknown> | undefined;

/** Where key and value end, without comment and line break behind them. */
function contentEnd(text: string, pair: Entry): number {
  const start = rangeOf(pair?.key)[0];
  const [, end] = isNode(pair?.value) ? rangeOf(pair.value) : rangeOf(pair?.key);
  return start + text.slice(start, end).trimEnd().length;
}

const lineStart = (text: string, at: number) => text.lastIndexOf("\n", at - 1) + 1;
const lineEnd = (text: string, at: number) => text.indexOf("\n", at) + 1 || text.length;

function rangeOf(node: unknown): readonly [number, number] {
  if (!isNode(node) || !node.range) throw new Error("what was parsed has a place");
  return [node.range[0], node.range[1]];
}

/** `key: value`, as the repository's own files are written; records are lists of their own lines. */
function entryText(key: string, value: unknown, indent: string): string {
  if (!Array.isArray(value) || value.length === 0) return `${key}: ${inlineText(value)}`;
  return [`${key}:`, ...value.map((each) => `${indent}  - ${inlineText(each)}`)].join("\n");
}

/** The same, with each entry of an object on a line of its own. */
function linesText(key: string, value: unknown, indent: string): string {
  const entries = asRecord(value);
  if (Array.isArray(value) || Object.keys(entries).length === 0) {
    return entryText(key, value, indent);
  }
  const inner = `${indent}  `;
  const lines = Object.entries(entries).map(([name, each]) => inner + linesText(name, each, inner));
  return [`${key}:`, ...lines].join("\n");
}

const DATE = /^\d{4}-\d\d-\d\d/;

function inlineText(value: unknown): string {
  const document = new Document(value);
  visit(document, {
    Collection: (_key, node) => {
      node.flow = true;
    },
    Scalar: (_key, node) => {
      // The engine would take a bare date for something else than text.
      if (typeof node.value === "string" && DATE.test(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0 }).trim();
}

const asRecord = (value: unknown): object => {
  const plain = toPlain(value);
  return typeof plain === "object" && plain !== null ? plain : {};
};

const toPlain = (value: unknown): unknown => (isNode(value) ? (value.toJSON() as unknown) : value);

/** Whoever reads sees the old file or the new one, also after a power cut. */
export function writeWhole(place: string, text: string): void {
  const isThere = existsSync(place);
  const file = isThere ? realpathSync(place) : place;
  const draft = `${file}.new`;
  const handle = openSync(draft, "w", isThere ? statSync(file).mode : 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
}
