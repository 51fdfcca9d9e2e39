/** What recorded resources and functions answer, where plausible is not enough: `answers.json`. */
import path from "node:path";
import { z } from "zod";
import { exclusively, readJson, writeJson } from "./locked-file.ts";
import { fits } from "./pattern.ts";
import type { Kind } from "./schemas/schema.ts";

const answerSchema = z.strictObject({
  /** Type token of a resource, or token of a function; `*` stands for any text. Default: every one. */
  type: z.string().default("*"),
  /** Name of the resource in its program; `*` stands for any text. Default: every name. */
  name: z.string().default("*"),
  /** Outputs by name; inputs of the program go before them. */
  outputs: z.record(z.string(), z.unknown()),
});
const answersSchema = z.array(answerSchema);
export type Answer = z.input<typeof answerSchema>;

/** Writes what is answered from now on: at creation, update and call; nothing that is there changes. */
export async function setAnswers(directory: string, answers: readonly Answer[]): Promise<void> {
  await exclusively(directory, () => writeJson(fileIn(directory), answersSchema.parse(answers)));
}

/**
 * Outputs of the first answer that fits; none when there is none.
 * @param outputs What the type has for outputs.
 * @throws Error with one sentence when an answer gives an output that its type does not have
 */
export function answersFor(
  directory: string,
  { type, name }: { readonly type: string; readonly name: string },
  outputs: Readonly<Record<string, Kind>>,
): Readonly<Record<string, unknown>> {
  const file = fileIn(directory);
  const parsed = answersSchema.safeParse(readJson(file) ?? []);
  if (!parsed.success) {
    throw new Error(`${file} has a fault of its own: ${z.prettifyError(parsed.error)}`);
  }
  const found = parsed.data.find((each) => fits(each.type, type) && fits(each.name, name));
  for (const output of Object.keys(found?.outputs ?? {})) {
    if (output in outputs) continue;
    const known = Object.keys(outputs).join(", ");
    throw new Error(`${file} answers ${output}, and ${type} has no such output: it has ${known}`);
  }
  return found?.outputs ?? {};
}

const fileIn = (directory: string) => path.join(directory, "answers.json");
