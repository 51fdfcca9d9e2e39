/** Whether an entry of a prompt is a node at all. Prompts come from outside. */
import type { Prompt } from "../../templates/index.ts";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isNode = (entry: unknown): entry is Prompt[string] =>
  isRecord(entry) && typeof entry["class_type"] === "string" && isRecord(entry["inputs"]);

export const isNodes = (prompt: unknown): prompt is Readonly<Record<string, unknown>> =>
  isRecord(prompt);
