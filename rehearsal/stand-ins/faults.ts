/** Faults and delays on demand: `faults.json` in a rehearsal's folder. */
import path from "node:path";
import { z } from "zod";
import { exclusively, readJson, writeJson } from "./locked-file.ts";
import { fits } from "./pattern.ts";
import type { ResourceName } from "./resource-name.ts";

export const operations = ["create", "read", "update", "delete"] as const;
export type Operation = (typeof operations)[number];

const faultSchema = z.strictObject({
  /** Type token; `*` stands for any text. Default: every type. */
  type: z.string().default("*"),
  /** Name of the resource in its program; `*` stands for any text. Default: every name. */
  name: z.string().default("*"),
  operation: z.enum(operations),
  /** `error` fails the operation before it does anything; `delay` makes it slow. */
  kind: z.enum(["error", "delay"]),
  /** What the error says. */
  message: z.string().default("a fault that this rehearsal asked for"),
  /** How long a delay is. Default 1000. */
  milliseconds: z.int().min(0).max(600_000).default(1000),
  /** How often it happens; counts down in the file. Default 1. */
  times: z.int().min(0).default(1),
});
const faultsSchema = z.array(faultSchema);
export type Fault = z.input<typeof faultSchema>;

/** Writes the faults that are to happen from now on. */
export async function setFaults(directory: string, faults: readonly Fault[]): Promise<void> {
  await exclusively(directory, () => writeJson(fileIn(directory), faultsSchema.parse(faults)));
}

/**
 * Lets the first fault happen that fits.
 * @throws Error when it is of kind `error`
 */
export async function meetFault(
  directory: string,
  operation: Operation,
  { type, name }: ResourceName,
): Promise<void> {
  // Without the file there is nothing to wait for.
  if (readJson(fileIn(directory)) === undefined) return;
  const fault = await exclusively(directory, () => {
    const faults = readFaults(directory);
    const place = faults.findIndex(
      (each) =>
        each.times > 0 &&
        each.operation === operation &&
        fits(each.type, type) &&
        fits(each.name, name),
    );
    const found = faults[place];
    if (!found) return undefined;
    writeJson(fileIn(directory), faults.with(place, { ...found, times: found.times - 1 }));
    return found;
  });
  if (!fault) return;
  if (fault.kind === "error") throw new Error(`${operation} of ${name}: ${fault.message}`);
  await new Promise((wake) => setTimeout(wake, fault.milliseconds));
}

function readFaults(directory: string): z.infer<typeof faultsSchema> {
  const parsed = faultsSchema.safeParse(readJson(fileIn(directory)) ?? []);
  if (parsed.success) return parsed.data;
  throw new Error(`${fileIn(directory)} has a fault of its own: ${z.prettifyError(parsed.error)}`);
}

const fileIn = (directory: string) => path.join(directory, "faults.json");
