/** The comparison can't be made, which is not the same as "no changes". */

/** The message is for the person who asked, and says what to do. */
export class IncomparableError extends Error {
  override readonly name = "IncomparableError";
}
