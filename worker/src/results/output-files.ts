/** Finds and renames the files in ComfyUI's node outputs, whatever the node calls their list. */
import { outputFileSchema } from "@comfymulti/queue";
import type { OutputFile } from "@comfymulti/queue";

/** Identity of a file within one ComfyUI. */
export const fileKey = (file: OutputFile): string =>
  JSON.stringify([file.type, file.subfolder, file.filename]);

/** Every distinct file that this output names, in order. */
export function filesIn(output: unknown): readonly OutputFile[] {
  const found = new Map<string, OutputFile>();
  renameFiles(output, (file) => {
    found.set(fileKey(file), file);
    return file;
  });
  return [...found.values()];
}

/**
 * The same output with every file renamed. Keys beside the name (`format`, `frame_rate`) stay.
 * A file for which `rename` returns undefined is left out of its list.
 */
export function renameFiles<T>(output: T, rename: (file: OutputFile) => OutputFile | undefined): T {
  return renamed(output, rename) as T;
}

function renamed(value: unknown, rename: (file: OutputFile) => OutputFile | undefined): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => renamed(item, rename)).filter((item) => item !== undefined);
  }
  if (typeof value !== "object" || value === null) return value;
  const file = asFile(value);
  if (!file) {
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, item]) => [key, renamed(item, rename)] as const)
        .filter(([, item]) => item !== undefined),
    );
  }
  const other = rename(file);
  if (!other) return undefined;
  // `fullpath` is a path on this machine (VideoHelperSuite sends it).
  const rest = Object.entries(value).filter(([key]) => key !== "fullpath");
  return { ...Object.fromEntries(rest), ...other };
}

/** A custom node may leave the subfolder out. */
function asFile(value: object): OutputFile | undefined {
  const parsed = outputFileSchema.safeParse({ subfolder: "", ...value });
  return parsed.success ? parsed.data : undefined;
}
