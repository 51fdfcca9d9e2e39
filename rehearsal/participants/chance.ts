/** Chance that a seed decides: the same question has the same answer, whatever was asked before. */
import { createHash } from "node:crypto";

/** From 0 to below 1, evenly spread. */
export function chance(seed: number, ...question: readonly (string | number)[]): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, ...question]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
