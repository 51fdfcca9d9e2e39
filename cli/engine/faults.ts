/** Turns what the engine says into what a person can do about it. */
import { VisibleError } from "../visible-error.ts";

/** What the engine prints, and the sentence for it. First match wins. */
const known: readonly (readonly [RegExp, string])[] = [
  [
    /incorrect passphrase|passphrase must be set/i,
    "The passphrase does not open this stack's secrets: unset PULUMI_CONFIG_PASSPHRASE to use this checkout's own, or set the one that the stack was made with.",
  ],
  [
    /spawn pulumi ENOENT/,
    "The Pulumi engine is not on PATH: call this command as npx comfymulti, which finds it, after npm start has provided it.",
  ],
  [
    /no space left on device|ENOSPC/i,
    "The disk is full: free some space and run the same command again.",
  ],
  [
    /the stack is currently locked/i,
    "Another run holds this stack: wait for it to end, then run the same command again.",
  ],
];

/**
 * @param error What the Automation API threw.
 * @param errors The engine's own error messages, if it got so far.
 */
export function engineFault(error: unknown, errors: readonly string[]): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const all = [...errors, text].join("\n");
  for (const [pattern, sentence] of known) {
    if (pattern.test(all)) return new VisibleError(sentence, { cause: error });
  }
  const told = errors.filter((message) => !/^(update|preview|destroy) failed$/i.test(message));
  if (told.length > 0) return new VisibleError([...new Set(told)].join("\n\n"), { cause: error });
  const said = text.match(/^error: .+$/gm);
  return said ? new VisibleError(said.join("\n"), { cause: error }) : error;
}
