/** Where a stack's ledger lies: with its data on this machine. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { stackDirectories } from "../../stacks/places.ts";
import { VisibleError } from "../visible-error.ts";
import { emptyLedger, ledgerSchema, type Ledger } from "./ledger.ts";

const fileOf = (stackName: string): string =>
  path.join(stackDirectories(stackName).data, "cost.json");

/** @throws VisibleError when the file is no ledger */
export function readLedger(stackName: string): Ledger {
  const file = fileOf(stackName);
  if (!existsSync(file)) return emptyLedger;
  try {
    return ledgerSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new VisibleError(
      `${file} is not what comfymulti cost wrote: move it away, and what has gone since is not counted.`,
      { cause: error },
    );
  }
}

/** Whole or not at all. */
export function writeLedger(stackName: string, ledger: Ledger): void {
  const file = fileOf(stackName);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${JSON.stringify(ledger, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
