/** Reads bodies and queries by their schemas, and says what is wrong in the API's words. */
import { z } from "zod";
import { invalid } from "../world/refusal.ts";

/** Official clients send `null` for whatever is unset: it counts as left out, at any depth. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]));
}

/** @throws Refusal 400 that names every fault */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(withoutNulls(value ?? {}));
  if (result.success) return result.data;
  throw invalid(result.error.issues.map(sentence).join(", "));
}

function sentence(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys
      .map((key) => `property ${[...issue.path, key].join(".")} should not exist`)
      .join(", ");
  }
  if (
    issue.code === "invalid_type" &&
    issue.input === undefined &&
    issue.message.includes("undefined")
  ) {
    return `${path || "body"} should not be null or undefined`;
  }
  return path ? `${path}: ${issue.message}` : issue.message;
}

/** A field that an official client sends and the API ignores. */
export const ignored = z.unknown().optional();

/** `true` and `false` as text, as queries hold them. */
export const flag = z.enum(["true", "false"]).transform((text) => text === "true");

/** One id or several. */
export const ids = z
  .union([
    z
      .string()
      .max(200)
      .transform((id) => [id]),
    z.array(z.string().max(200)).min(1).max(100),
  ])
  .transform((list) => [...new Set(list)]);

export const nameSchema = z.string().trim().min(1).max(255);
/** GB */
export const sizeSchema = z.number().int().min(1).max(1_000_000);

export const newTags = z
  .array(z.strictObject({ key: z.string().min(1).max(63), value: z.string().max(127) }))
  .max(10);
