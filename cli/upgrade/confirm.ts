/** Asks before something happens to people at work. */
import { createInterface } from "node:readline/promises";
import { VisibleError } from "../visible-error.ts";

/** @throws VisibleError unless the stack's name is typed */
export async function confirm(stackName: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new VisibleError("Nothing was done: nobody can be asked here. Add --yes to do it.");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`\nType ${stackName} to do it: `, { signal });
    if (answer.trim() !== stackName) throw new VisibleError("Nothing was done.");
  } finally {
    terminal.close();
  }
}
