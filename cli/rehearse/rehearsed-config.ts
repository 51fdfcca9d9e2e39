/** A stack's settings as a rehearsal uses them: the same but for what would reach outside. */
import type { ConfigMap } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";

export interface RehearsalPlace {
  /** Base URL of Verda's simulator. */
  readonly verdaUrl: string;
  /** When the rehearsal began: dates are counted from it. */
  readonly began: Date;
}

const HOUR_MS = 3_600_000;
/** A workshop's day from now. */
const HOURS = 12;
const NO_ACCOUNT = "0".repeat(32);

/** In a stack's file a secret is an object of this form. */
const secretSchema = z.strictObject({ secure: z.string() });
const objectSchema = z.record(z.string(), z.unknown());

/** @param config Of the stack's file: full keys and values of any form. */
export function rehearsedConfig(
  config: Readonly<Record<string, unknown>>,
  { verdaUrl, began }: RehearsalPlace,
): ConfigMap {
  const given = Object.entries(config).map(([key, value]) =>
    // What opens the real accounts stays out of it.
    [key, secretSchema.safeParse(value).success ? undefined : value],
  );
  const changed: Record<string, unknown> = {
    ...(Object.fromEntries(given) as Record<string, unknown>),
    "verda:baseUrl": verdaUrl,
    "comfymulti:endsAt": new Date(began.getTime() + HOURS * HOUR_MS).toISOString(),
    // No worker of the stand-ins has a job, and the real queue manager must not be asked.
    "comfymulti:fleet": { ...objectOf(config["comfymulti:fleet"]), drainSeconds: 0 },
  };
  if (changed["comfymulti:lastBackup"] !== undefined) {
    // As old as it will be on the day.
    changed["comfymulti:lastBackup"] = {
      ...objectOf(changed["comfymulti:lastBackup"]),
      at: began.toISOString(),
    };
  }
  if (changed["comfymulti:vaultOf"] !== undefined) {
    // The other stack is not part of this rehearsal.
    delete changed["comfymulti:vaultOf"];
    changed["comfymulti:vault"] = { accountId: NO_ACCOUNT };
  }
  const plain = Object.entries(changed)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, { value: textOf(value) }] as const);
  return { ...Object.fromEntries(plain), ...secrets(changed) };
}

/** Secrets of the rehearsal's own, where the stack has one. */
function secrets(config: Readonly<Record<string, unknown>>): ConfigMap {
  const names = [
    "backupPassword",
    ...(config["comfymulti:serverless"] === undefined ? [] : ["inferenceKey"]),
  ];
  return Object.fromEntries(
    names.map((name) => [`comfymulti:${name}`, { value: "of-this-rehearsal-alone", secret: true }]),
  );
}

const objectOf = (value: unknown) => objectSchema.safeParse(value).data ?? {};

/** The engine hands structured values to the program as JSON and scalars as text. */
const textOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
