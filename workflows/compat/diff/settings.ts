/**
 * What else is different in a definition, besides what prompts are judged by. The fingerprint
 * decides what counts at all, so that wording counts in neither or in both.
 */
import { fingerprintObjectInfo } from "../fingerprint.ts";

type Settings = Readonly<Record<string, unknown>>;

/** Names of the settings that differ, sorted. `false` is the same as not said. */
export function changedSettings(
  before: Settings,
  after: Settings,
  judgedElsewhere: ReadonlySet<string>,
): readonly string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .filter((key) => !judgedElsewhere.has(key) && stated(before, key) !== stated(after, key))
    .filter((key) => print(key, before) !== print(key, after))
    .sort();
}

const stated = (settings: Settings, key: string): string | undefined =>
  settings[key] === false ? undefined : JSON.stringify(settings[key]);

const print = (key: string, settings: Settings): string => {
  const value = settings[key] === false ? null : (settings[key] ?? null);
  return fingerprintObjectInfo({ Node: { input: {}, output: [], settings: { [key]: value } } });
};
