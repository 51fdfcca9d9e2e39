/** Takes secrets out of log lines: those that the stack knows, and what looks like a token in a URL. */
import type { Platform } from "../../stacks/outputs.ts";
import type { StackResource } from "../cost/resources.ts";

const HIDDEN = "[secret]";
/** Shorter ones are no secrets, and would hide half of a log. */
const SHORTEST = 8;
/** Names under which a stack's output holds what lets somebody in. */
const SECRET_NAMES = /token|password|secret|accessKeyId/i;
const IN_URL = /([?&](?:token|access_token|key)=)[^&#\s"']+/gi;
const BEARER = /\b(Bearer\s+)[A-Za-z0-9._~+/=-]{8,}/g;

/** @param resources Of the stack's state: its `Token`s are secrets as a whole. */
export function secretsOf(
  platform: Platform | undefined,
  resources: readonly StackResource[],
): string[] {
  const tokens = resources
    .filter(({ type }) => type === "comfymulti:index:Token")
    .map(({ outputs }) => secretText(outputs["value"]));
  return [...new Set([...namedSecrets(platform, false), ...tokens])].filter(
    (text) => text.length >= SHORTEST,
  );
}

/** The engine keeps a secret as a record with its text as JSON in it. */
function secretText(value: unknown): string {
  if (typeof value === "string") return value;
  const plain = (value as { plaintext?: unknown } | undefined)?.plaintext;
  return typeof plain === "string" ? String(JSON.parse(plain)) : "";
}

function namedSecrets(value: unknown, isSecret: boolean): string[] {
  if (typeof value === "string") return isSecret ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    namedSecrets(inner, isSecret || SECRET_NAMES.test(name)),
  );
}

export function redactor(secrets: readonly string[]): (line: string) => string {
  // The longer one first: one may begin like another.
  const known = secrets.toSorted((one, other) => other.length - one.length);
  return (line) =>
    known
      .reduce((text, secret) => text.replaceAll(secret, HIDDEN), line)
      .replaceAll(IN_URL, `$1${HIDDEN}`)
      .replaceAll(BEARER, `$1${HIDDEN}`);
}
