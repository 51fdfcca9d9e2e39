/**
 * The passphrase that encrypts a stack's secrets: the user's own when the environment names one,
 * else a generated one that stays in this checkout.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { workDirectory } from "../../stacks/places.ts";

export const passphraseFile = path.join(workDirectory, "passphrase");

/** Environment for the engine; never the passphrase itself when it is ours. */
export function passphraseEnvironment(): Record<string, string> {
  if (process.env.PULUMI_CONFIG_PASSPHRASE || process.env.PULUMI_CONFIG_PASSPHRASE_FILE) return {};
  mkdirSync(workDirectory, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(passphraseFile, randomBytes(32).toString("base64url"), {
      flag: "wx",
      mode: 0o600,
    });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  return { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile };
}
