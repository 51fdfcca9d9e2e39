/** Where this checkout's programs and data are, for services that run on this machine. */
import path from "node:path";

export const repository = path.resolve(import.meta.dirname, "..");

/** Command line of one of our own services: Node runs the TypeScript entry as it is. */
export function nodeCommand(entry: string): string[] {
  return [process.execPath, path.join(repository, entry)];
}
