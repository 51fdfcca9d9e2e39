/** Says what set-up does, how long it may take, and how long it took. */
import { SetupError } from "./setup-error.mjs";

const secondsSince = (start) => ((Date.now() - start) / 1000).toFixed(1);

/**
 * Runs one step. Silent work of more than ten seconds gets a line every 15 s, so that a person
 * never wonders whether it hangs.
 *
 * @template T
 * @param {string} title What the step provides ("Pulumi engine 3.259.0").
 * @param {(report: (line: string) => void) => Promise<{ value: T, note: string }>} work
 *   Does it and says in `note` what came of it.
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const start = Date.now();
  const report = (line) => console.log(`  · ${title}: ${line}`);
  const heartbeat = setInterval(() => report(`still at it (${secondsSince(start)} s)`), 15_000);
  try {
    const { value, note } = await work(report);
    console.log(`  ✓ ${title}: ${note} (${secondsSince(start)} s)`);
    return value;
  } catch (error) {
    console.error(`  ✗ ${title}`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

/**
 * Prints a fault as a person wants it: the sentence, the tool's last lines if there are any, and a
 * stack only where the fault is ours.
 *
 * @param {unknown} error
 */
export function printFault(error) {
  if (!(error instanceof SetupError)) {
    console.error(error);
    return;
  }
  if (error.log) console.error(`\n${error.log.trimEnd()}`);
  console.error(`\n${error.message}`);
}
