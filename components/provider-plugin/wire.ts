import * as rpc from "@pulumi/pulumi/runtime/rpc.js";

/**
 * How the engine marks values on their way to a provider: a secret is an object with a signature
 * around the value; a value not known yet (in a preview) is a certain string.
 */

export function wrapSecret(value: unknown): object {
  return { [rpc.specialSigKey]: rpc.specialSecretSig, value };
}

/** The same value with every secret, at any depth, bare. */
export function unwrapSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (!isObject(value)) return value;
  if (value[rpc.specialSigKey] === rpc.specialSecretSig) return unwrapSecrets(value["value"]);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unwrapSecrets(part)]));
}

/** True when the value is, or holds at any depth, a secret. */
export function containsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(containsSecret);
  if (!isObject(value)) return false;
  if (value[rpc.specialSigKey] === rpc.specialSecretSig) return true;
  return Object.values(value).some(containsSecret);
}

export function containsUnknown(value: unknown): boolean {
  if (value === rpc.unknownValue) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  return isObject(value) && Object.values(value).some(containsUnknown);
}

/** True when the value at `path`, or anything around or inside it, is not known yet. */
export function isUnknownAt(value: unknown, path: readonly PropertyKey[]): boolean {
  let part = unwrapSecrets(value);
  for (const key of path) {
    if (part === rpc.unknownValue) return true;
    if (typeof part !== "object" || part === null) return false;
    part = (part as Record<PropertyKey, unknown>)[key];
  }
  return containsUnknown(part);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
