/** A fault that its sentence explains wholly: printed without a stack, never tried again. */
export class ModelsError extends Error {
  override name = "ModelsError";
}

/** The bucket holds another object under this key than the one that was begun. */
export class ObjectChangedError extends Error {
  override name = "ObjectChangedError";
}

/** One sentence about a file that failed: its own, or the network's last word and what to do. */
export const failureOf = (path: string, error: unknown): string =>
  error instanceof ModelsError
    ? error.message
    : `${path}: ${(error as Error).message}. Run the same command again.`;
