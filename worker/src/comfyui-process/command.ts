/** Reads COMFYUI_COMMAND: a program and its arguments, without a shell in between. */
import { z } from "zod";

const MAX_LENGTH = 8192;

const wordsSchema = z.array(z.string().max(MAX_LENGTH)).min(1).max(200);

/**
 * `["python","main.py","--listen"]` (JSON), or words as a shell splits them: blanks separate, quotes
 * and backslashes keep together. Variables, wildcards and pipes mean nothing here. Empty, as a
 * container's default is taken away: undefined, somebody else runs ComfyUI.
 */
export const comfyuiCommandSchema = z
  .string()
  .max(MAX_LENGTH)
  .transform((text, context): readonly string[] | undefined => {
    if (text.trim() === "") return undefined;
    const words = text.trimStart().startsWith("[") ? fromJson(text) : fromWords(text);
    const parsed = wordsSchema.safeParse(words);
    if (parsed.success && parsed.data[0] !== "") return parsed.data;
    context.addIssue({
      code: "custom",
      message:
        'must be a command: a JSON array as ["python","main.py"], or words with closed quotes',
    });
    return z.NEVER;
  });

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A word is pieces without a blank between them: 'as it is', "with \" and \\", or plain. */
const WORD = /(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/gsu;
const PIECE = /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^\s'"\\]+)/gsu;

function fromWords(text: string): string[] | undefined {
  // What is left between the words must be blanks, or a quote was not closed.
  if (text.replaceAll(WORD, "").trim() !== "") return undefined;
  return (text.match(WORD) ?? []).map((word) =>
    word.replaceAll(
      PIECE,
      (_, single?: string, double?: string, escaped?: string, plain?: string) =>
        single ?? double?.replaceAll(/\\(["\\$`])/g, "$1") ?? escaped ?? plain ?? "",
    ),
  );
}
