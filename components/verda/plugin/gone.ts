import { isGone } from "../client/index.ts";

/** The answer, or `undefined` when the API knows no such thing. */
export async function goneAsUndefined<Answer>(
  call: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await call();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Deletes what may be gone already. */
export async function deleteIfThere(call: () => Promise<unknown>): Promise<void> {
  await goneAsUndefined(call);
}
