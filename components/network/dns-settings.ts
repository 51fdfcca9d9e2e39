/** Settings of the names under which browsers find the platform. */
import { z } from "zod";

export const dnsSettingsSchema = z.strictObject({
  /** Zone in Cloudflare that holds the name: 32 hexadecimal digits, shown on its overview page. */
  zoneId: z.string().regex(/^[0-9a-f]{32}$/, "is 32 hexadecimal digits"),
  /** Full name of the platform, `comfy.example.net`. */
  hostname: z
    .string()
    .max(253)
    .regex(
      /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
      "must be a full name in lower case, comfy.example.net",
    ),
  /** Address of the app server. */
  ipv4: z.ipv4(),
  /** Default: none, the name has no AAAA record. */
  ipv6: z.ipv6().optional(),
  /**
   * Whether Cloudflare stands between browsers and the app server. Default false: its proxy ends an
   * answer that takes over 100 s and refuses bodies over 100 MB in the smaller plans, and results
   * and uploads are larger than that.
   */
  proxied: z.boolean().default(false),
  /** Seconds for which others may remember a record. Default 300. A proxied one has none. */
  ttlSeconds: z.int().min(60).max(86_400).default(300),
  /**
   * Authorities that may issue certificates for the name (CAA). Default: Let's Encrypt, which the
   * app server's ACME client uses. Cloudflare adds its own for a proxied name.
   */
  certificateAuthorities: z.array(z.hostname()).min(1).default(["letsencrypt.org"]),
  /** Where authorities report a refused request. Default: nowhere. */
  certificateReports: z.email().optional(),
  /**
   * How Cloudflare's proxy reaches the app server; for the whole zone, and only when `proxied`.
   * Default `strict`: by TLS, with a valid certificate. `full` takes any certificate.
   */
  tlsMode: z.enum(["full", "strict"]).default("strict"),
});
export type DnsSettings = z.output<typeof dnsSettingsSchema>;
