/** Tells a secret by its name or by the form of its value. */

const NAME = /(TOKEN|PASSWORD|PASSPHRASE|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|INFERENCE_?KEY)/i;

/** Forms that only secrets have: keys and tokens of the services in use, and passwords in URLs. */
const VALUES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /^(gh[opsu]_|github_pat_|tskey-|hf_)[A-Za-z0-9_-]{16,}$/,
  /^dc_[A-Za-z0-9]{16,}$/,
  /^AKIA[0-9A-Z]{16}$/,
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i,
];

/** Whether a setting or variable is a secret, as far as its name and value show. */
export function looksSecret(name: string, value: string): boolean {
  if (value === "") return false;
  return NAME.test(name) || VALUES.some((form) => form.test(value));
}

/**
 * Names of the settings that look like secrets and are not encrypted.
 *
 * @param config Full keys (`cloudflare:apiToken`) and their text.
 * @param isSecret Whether the stack's file holds this key encrypted.
 */
export function plainSecrets(
  config: Readonly<Record<string, string>>,
  isSecret: (key: string) => boolean,
): string[] {
  return Object.entries(config)
    .filter(([key, value]) => !isSecret(key) && looksSecret(key.split(":").at(-1) ?? key, value))
    .map(([key]) => key)
    .sort();
}
