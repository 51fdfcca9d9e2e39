/** What is known of a provider: the form of `schemas/<provider>.json`, and reading it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { StandInName } from "./declared-types.ts";

export const kinds = ["string", "number", "boolean", "array", "object"] as const;
export type Kind = (typeof kinds)[number];

/** A JSON Schema, as far as the generator makes use of it. */
export interface PropertySchema {
  readonly type?: Kind;
  readonly $ref?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly PropertySchema[];
  readonly items?: PropertySchema;
  readonly properties?: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: boolean | PropertySchema;
  readonly default?: unknown;
}

const propertySchema = z.custom<PropertySchema>(
  (value) => typeof value === "object" && value !== null,
);
/** An object whose properties are declared, all of them. */
const objectSchema = z.object({
  type: z.literal("object"),
  properties: z.record(z.string(), propertySchema),
  required: z.array(z.string()).optional(),
  additionalProperties: z.literal(false),
});
const computedSchema = z.record(z.string(), z.enum(kinds));

export const providerSchema = z.object({
  /** Package and version that it was made from. */
  madeFrom: z.string(),
  resources: z.record(
    z.string(),
    z.object({
      inputs: objectSchema,
      /** Outputs that are always there and are no inputs. */
      computed: computedSchema,
      /** Outputs that are secret. */
      secret: z.array(z.string()),
    }),
  ),
  functions: z.record(z.string(), z.object({ inputs: objectSchema, computed: computedSchema })),
  /** Nested types. */
  $defs: z.record(z.string(), objectSchema),
});
export type ProviderSchema = z.infer<typeof providerSchema>;
export type ObjectSchema = z.infer<typeof objectSchema>;

export const schemaFile = (provider: StandInName): string =>
  path.join(import.meta.dirname, `${provider}.json`);

export function readSchema(provider: StandInName): ProviderSchema {
  return providerSchema.parse(JSON.parse(readFileSync(schemaFile(provider), "utf8")));
}
