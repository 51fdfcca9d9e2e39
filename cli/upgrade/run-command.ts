/** What the two commands share: Ctrl-C, and a standard output that holds nothing but JSON. */
import { InterruptedError } from "../interrupted-error.ts";

export interface CommandRun {
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/**
 * @param json Prints the result alone; everything else goes to standard error.
 * @throws InterruptedError after SIGINT or SIGTERM
 */
export async function runCommand(
  json: boolean,
  command: (run: CommandRun) => Promise<unknown>,
): Promise<void> {
  const print = console.log;
  // The engine's progress, too, is said by console.log.
  if (json) console.log = console.error;
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    const result = await command({
      signal: interruption.signal,
      tell: (line) => console.log(line),
    });
    if (json) print(JSON.stringify(result, null, 2));
  } catch (error) {
    if (interruption.signal.aborted) throw new InterruptedError();
    throw error;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    console.log = print;
  }
}
