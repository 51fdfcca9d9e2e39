/** Where the API is and who asks. */
import { z } from "zod";
import { VerdaError } from "./error.ts";

/** Facts: the official clients; the value includes `/v1`. */
export const PUBLIC_BASE_URL = "https://api.verda.com/v1";

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

const baseUrl = z
  .url({ protocol: /^https?$/, error: "must be a URL such as https://api.verda.com/v1" })
  .refine((text) => {
    const url = URL.parse(text);
    return url?.protocol === "https:" || LOOPBACK.test(url?.hostname ?? "");
  }, "must begin with https:// (http:// is for this machine alone): the client secret goes there")
  .default(PUBLIC_BASE_URL);

const credential = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[\x21-\x7e]+$/, "may hold no spaces or line breaks");

/** Settings of the provider plugin and of every other user of the client. */
export const verdaSettingsSchema = z.object({
  clientId: credential.optional(),
  clientSecret: credential.optional(),
  baseUrl,
});
export type VerdaSettings = z.output<typeof verdaSettingsSchema>;

/**
 * From the environment (`VERDA_CLIENT_ID`, `VERDA_CLIENT_SECRET`, `VERDA_BASE_URL`) and the stack's
 * configuration (`verda:clientId`, `verda:clientSecret`, `verda:baseUrl`), which goes first.
 * Absent credentials are no fault here: only a call that needs them fails.
 *
 * @throws VerdaError naming the setting that is wrong
 */
export function verdaSettings(
  environment: Readonly<Record<string, string | undefined>>,
  configuration: Readonly<Record<string, unknown>> = {},
): VerdaSettings {
  const given = Object.fromEntries(
    Object.entries({
      clientId: configuration["clientId"] ?? environment["VERDA_CLIENT_ID"],
      clientSecret: configuration["clientSecret"] ?? environment["VERDA_CLIENT_SECRET"],
      baseUrl: configuration["baseUrl"] ?? environment["VERDA_BASE_URL"],
    }).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = verdaSettingsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw notConfigured(`verda:${String(issue?.path[0])} ${issue?.message ?? "is not valid"}`);
}

export function notConfigured(reason: string): VerdaError {
  return new VerdaError({ status: 0, code: "not_configured", reason, call: "settings" });
}
