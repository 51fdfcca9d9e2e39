/**
 * Making a thing that costs money exactly once. Before it is made, and after every answer that
 * leaves open whether it was, the thing is looked for by its tag; what is found is adopted.
 */
import { VerdaError } from "../client/index.ts";
import type { Operation } from "../../provider-plugin/resource-type.ts";
import { waitFor } from "./wait.ts";

export interface Creation<Thing> {
  /** Its kind and name, for people. */
  readonly what: string;
  readonly operation: Operation;
  /** All that carry the tag, oldest first. */
  readonly find: () => Promise<readonly Thing[]>;
  /** Asks for one; what it answers is looked up by the caller. */
  readonly make: () => Promise<string>;
  readonly idOf: (thing: Thing) => string;
}

const MOST_ATTEMPTS = 3;
/** An effect may come later than the time-out that hid it. */
const LOOK_SECONDS = 5;

export interface Created {
  readonly id: string;
  /** It was there before. */
  readonly adopted: boolean;
}

/** Finds it, or makes it: one, whatever becomes of the answers. */
export async function createOnce<Thing>(creation: Creation<Thing>): Promise<Created> {
  const { what, operation, find, make, idOf } = creation;
  const [found] = await find();
  if (found !== undefined) {
    operation.progress(`${what} was made by an update that was cut off: it is taken over`);
    return { id: idOf(found), adopted: true };
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { id: await make(), adopted: false };
    } catch (error) {
      if (!(error instanceof VerdaError) || !error.ambiguous) throw error;
      operation.progress(`${error.reason}: looking whether ${what} was made all the same`);
      const made = await waitFor(
        { operation, timeoutSeconds: LOOK_SECONDS },
        async () => (await find())[0],
      );
      if (made !== undefined) return { id: idOf(made), adopted: false };
      if (attempt === MOST_ATTEMPTS) throw error;
    }
  }
}
