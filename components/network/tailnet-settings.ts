/** Settings of the private network. */
import { z } from "zod";

/** It becomes part of a tag; https://tailscale.com/kb/1068/tags: letters, digits and -. */
const projectName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,30}$/, "is lower-case letters, digits and -, 2 to 31 of them");
const wrongOperator = "must be an e-mail address, autogroup:admin or autogroup:owner";
const port = (preset: number) => z.int().min(1).max(65_535).default(preset);

export const tailnetSettingsSchema = z.strictObject({
  /** Name of the tailnet, without a machine's: `tail1234.ts.net`. The admin console shows it. */
  dnsName: z.string().regex(/^[a-z0-9-]+\.ts\.net$/, "must be the tailnet's name, tail1234.ts.net"),
  /** Part of this stack's tags, so that stacks in one tailnet do not reach each other. */
  projectName: projectName.default("comfyume"),
  /** Who reaches every machine and owns the tags: e-mail addresses, or groups that always exist. */
  operators: z
    .array(
      z.union([z.email({ error: wrongOperator }), z.enum(["autogroup:admin", "autogroup:owner"])], {
        error: wrongOperator,
      }),
    )
    .min(1)
    .default(["autogroup:admin"]),
  /**
   * Tag of the OAuth client that Pulumi acts as: it has to own the tags of the keys that it makes.
   * Default: none, Pulumi acts as a person.
   */
  deployerTag: z
    .string()
    .regex(/^tag:[a-z][a-z0-9-]*$/, "must be a tag, tag:deployer")
    .optional(),
  /** Port of the queue manager, as workers reach it. */
  queueManagerPort: port(8600),
  redisPort: port(6379),
  /** Port of a worker's health and metrics, which the app server reads. */
  workerHealthPort: port(8640),
  /**
   * Projects whose rules the policy holds. A tailnet has one policy: of several stacks in one
   * tailnet, one names them all here and the others none. Default: this project alone.
   */
  policyFor: z.array(projectName).optional(),
  /**
   * Whether a policy that was written by hand may be overwritten. Default false: the first update
   * of a tailnet with a policy of its own then fails, and asks for an import.
   */
  overwritePolicy: z.boolean().default(false),
  /** Seconds within which a join key has to be used. Default 3600: a machine boots in minutes. */
  keyExpirySeconds: z
    .int()
    .min(60)
    .max(90 * 86_400)
    .default(3600),
  /**
   * Whether a worker that falls silent is removed from the tailnet, which frees its name for the
   * machine that takes its place. Default true; a worker that is off for long has to join anew.
   */
  ephemeralWorkers: z.boolean().default(true),
});
export type TailnetSettings = z.output<typeof tailnetSettingsSchema>;
