/** Checks a resource's inputs against the declared properties of its type. */
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import { isUnknownAt, unwrapSecrets } from "../../components/provider-plugin/wire.ts";
import type { ObjectSchema, PropertySchema, ProviderSchema } from "./schemas/schema.ts";

type Definitions = ProviderSchema["$defs"];

/** More letters than this apart is another word, not a typo. */
const LARGEST_TYPO = 3;

/** Checks inputs of one type; values that are not known yet pass, and so do secrets. */
export function checker(
  inputs: ObjectSchema,
  definitions: Definitions,
): (news: unknown) => CheckFailure[] {
  const schema = z.fromJSONSchema({
    ...inputs,
    $defs: definitions,
  } as z.core.JSONSchema.JSONSchema);
  return (news) => {
    const issues = schema.safeParse(unwrapSecrets(news)).error?.issues ?? [];
    return issues
      .filter(({ code, path }) => code === "unrecognized_keys" || !isUnknownAt(news, path))
      .flatMap((issue) => failuresOf(issue, inputs, definitions));
  };
}

function failuresOf(
  issue: z.core.$ZodIssue,
  inputs: ObjectSchema,
  definitions: Definitions,
): CheckFailure[] {
  if (issue.code === "unrecognized_keys") {
    const known = propertiesAt(inputs, issue.path, definitions);
    return issue.keys.map((key) => ({
      property: propertyPath([...issue.path, key]),
      reason: `there is no such property${suggestion(key, known)}`,
    }));
  }
  const property = propertyPath(issue.path);
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) {
    return [{ property, reason: `is required: it must be a ${issue.expected}` }];
  }
  return [{ property, reason: issue.message }];
}

/** Names that are declared for the object at `path`. */
function propertiesAt(
  schema: PropertySchema,
  path: readonly PropertyKey[],
  definitions: Definitions,
): string[] {
  const resolved: PropertySchema | undefined = schema.$ref
    ? definitions[schema.$ref.replace("#/$defs/", "")]
    : schema;
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(resolved?.properties ?? {});
  const next = typeof key === "number" ? resolved?.items : resolved?.properties?.[String(key)];
  return next ? propertiesAt(next, rest, definitions) : [];
}

function suggestion(key: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const nearest = closest(key, known);
  return distance(key, nearest) <= LARGEST_TYPO ? `; did you mean ${nearest}?` : "";
}

/** `ports[1].internal`. */
export function propertyPath(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}
