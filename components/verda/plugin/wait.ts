/** Waiting for what the API does in its own time: it has no events, so it is asked again. */
import type { Operation } from "../../provider-plugin/resource-type.ts";

export interface WaitOptions {
  readonly operation: Operation;
  readonly timeoutSeconds: number;
}

/** Short at first, for what is ready at once; the API allows 60 requests a minute for one path. */
const FIRST_MILLISECONDS = 250;
const MOST_MILLISECONDS = 5_000;
const GROWTH = 1.4;

/** The user cancelled the update. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
}

/**
 * Asks until `probe` gives a value.
 * @param probe `undefined`: not yet, with the present status for the progress line
 * @returns the value; `undefined` when the time is over
 * @throws CancelledError, and whatever `probe` throws
 */
export async function waitFor<Value>(
  { operation, timeoutSeconds }: WaitOptions,
  probe: (tell: (line: string) => void) => Promise<Value | undefined>,
): Promise<Value | undefined> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  let told = "";
  const tell = (line: string) => {
    if (line === told) return;
    operation.progress(line);
    told = line;
  };
  for (let pause = FIRST_MILLISECONDS; ; pause = Math.min(pause * GROWTH, MOST_MILLISECONDS)) {
    const value = await probe(tell);
    if (value !== undefined) return value;
    if (operation.signal.aborted) throw new CancelledError("cancelled while waiting for Verda");
    if (Date.now() >= deadline) return undefined;
    await new Promise((wake) => setTimeout(wake, pause));
  }
}

/** Like `waitFor`, for what must be over in the end: the time being over is a fault. */
export async function waitUntil(
  options: WaitOptions,
  what: string,
  probe: (tell: (line: string) => void) => Promise<boolean>,
): Promise<void> {
  const done = await waitFor(options, async (tell) => (await probe(tell)) || undefined);
  if (done) return;
  throw new Error(
    `${what} within ${options.timeoutSeconds} s: look at it in Verda's console, then run the update again`,
  );
}
