/**
 * Takes out of ComfyUI's messages what a participant has no business with: tracebacks, tensor dumps,
 * and paths of the GPU machine.
 */
import type { JobResult } from "@comfymulti/queue";

const MAX_TEXT = 600;

/** Absolute POSIX or Windows paths of two segments or more (not the path of a URL). */
const PATH = /(?<![\w:/\\.])(?:[A-Za-z]:)?(?:[\\/][\w.@+~-]+)+[\\/]([\w.@+~-]+)/g;

/** An exception's text, without traceback and tensors; of a path only the file's name stays. */
export function withoutServerDetails(text: string): string {
  const cleaned = text
    .replace(/Traceback \(most recent call last\):[\s\S]*/, "")
    .replace(/tensor\([\s\S]*?\]\s*(?:,[^)]*)?\)/g, "tensor(…)")
    .replace(PATH, "$1")
    .trim();
  return cleaned.length > MAX_TEXT ? `${cleaned.slice(0, MAX_TEXT - 1)}…` : cleaned;
}

/** The messages of a history entry, fit to be shown and stored. */
export function shownMessages(messages: JobResult["messages"]): JobResult["messages"] {
  return messages.map(([type, data]) => {
    if (type !== "execution_error") return [type, data];
    const text = data["exception_message"];
    return [
      type,
      {
        ...data,
        exception_message: typeof text === "string" ? withoutServerDetails(text) : "",
        traceback: [],
        current_inputs: {},
        current_outputs: [],
      },
    ];
  });
}
