/** JSON bodies from outside: bounded in depth before anything recursive looks at them. */
import type { z } from "zod";
import { errors } from "../errors.ts";
import { JSON_DEPTH } from "../limits.ts";

/**
 * Parses a body. An empty one is `{}`, since ComfyUI takes `POST /interrupt` without a body.
 * Throws 400 for bad JSON and for nesting deeper than the limit.
 */
export function parseJson(text: string): unknown {
  if (text.trim() === "") return {};
  if (nestingExceeds(text, JSON_DEPTH)) {
    throw errors.invalidJson(`It is nested more than ${JSON_DEPTH} levels deep.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw errors.invalidJson(`Send a JSON object: ${(error as Error).message.slice(0, 200)}`);
  }
}

/** Checks a parsed body against its schema. Throws 400 that names the first wrong field. */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join(".");
  throw errors.badRequest(`${where ? `${where}: ` : ""}${issue?.message ?? "not valid"}`);
}

function nestingExceeds(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}
