/**
 * How every service of ours reads its settings: environment variables, parsed once against a zod
 * schema, all faults told together, never a value (half of them are secrets). Imports nothing of ours.
 */
import { z } from "zod";

/** sysexits' EX_CONFIG: the settings are wrong; a supervisor must not start the service again. */
export const CONFIGURATION_ERROR_EXIT_CODE = 78;

export const portSchema = z.coerce.number().int().min(1).max(65_535);

/** pino's levels. Default `info`. */
export const logLevelSchema = z
  .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
  .default("info");

/** A variable that holds JSON of this shape. */
export const jsonText = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "must be JSON" });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** The environment is wrong; nothing but changing it will help. */
export class ConfigurationError extends Error {
  /** One sentence a fault, each naming its variable. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "ConfigurationError";
    this.faults = faults;
  }
}

/** @throws ConfigurationError */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  source: Readonly<Record<string, string | undefined>>,
): z.output<Schema> {
  const parsed = schema.safeParse(source);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(
    parsed.error.issues.map((issue) => {
      const [name = "environment", ...place] = issue.path.map(String);
      return `${name}${place.length > 0 ? ` (${place.join(".")})` : ""}: ${issue.message}`;
    }),
  );
}

/** The process's own settings; ends it with code 78 and a line a fault when they are wrong. */
export function environmentOrExit<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
  try {
    return readEnvironment(schema, process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const fault of error.faults) process.stderr.write(`${fault}\n`);
    process.exit(CONFIGURATION_ERROR_EXIT_CODE);
  }
}
