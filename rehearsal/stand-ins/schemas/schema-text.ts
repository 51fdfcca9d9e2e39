/** A schema as it stands in its file. */
import { format, resolveConfig } from "prettier";
import type { StandInName } from "./declared-types.ts";
import { generateSchema } from "./generator.ts";
import { schemaFile } from "./schema.ts";

export async function schemaText(provider: StandInName): Promise<string> {
  const style = await resolveConfig(schemaFile(provider));
  return format(JSON.stringify(generateSchema(provider)), { ...style, parser: "json" });
}
