import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { DnsSettings } from "./dns-settings.ts";

/** Cloudflare's word for "as it sees fit", the only one for a proxied record. */
const AUTOMATIC_TTL = 1;
/** Of the CAA flags, none: an authority that does not know a tag may ignore it. */
const NOT_CRITICAL = 0;

/** Records of the platform's name, and how the proxy treats it. */
export class Dns extends pulumi.ComponentResource {
  /** `https://comfy.example.net` */
  readonly url: string;

  constructor(name: string, settings: DnsSettings, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:network:Dns", name, {}, opts);
    const { zoneId, hostname, ipv4, ipv6, proxied, ttlSeconds } = settings;
    const own = { parent: this };
    this.url = `https://${hostname}`;

    const address = (type: "A" | "AAAA", content: string) =>
      new cloudflare.DnsRecord(
        `${name}-${type.toLowerCase()}`,
        {
          zoneId,
          name: hostname,
          type,
          content,
          proxied,
          ttl: proxied ? AUTOMATIC_TTL : ttlSeconds,
        },
        own,
      );
    address("A", ipv4);
    if (ipv6 !== undefined) address("AAAA", ipv6);

    for (const { key, tag, value } of certificateRules(settings)) {
      new cloudflare.DnsRecord(
        `${name}-caa-${key}`,
        {
          zoneId,
          name: hostname,
          type: "CAA",
          data: { flags: NOT_CRITICAL, tag, value },
          ttl: ttlSeconds,
        },
        own,
      );
    }

    // Settings of a whole zone: not ours to touch while nothing of ours goes through the proxy.
    if (proxied) {
      const setting = (settingId: string, value: string) =>
        new cloudflare.ZoneSetting(`${name}-${settingId}`, { zoneId, settingId, value }, own);
      setting("ssl", settings.tlsMode);
      setting("min_tls_version", "1.2");
      setting("always_use_https", "on");
    }
    this.registerOutputs({ url: this.url });
  }
}

/** Who may issue certificates for the name: https://www.rfc-editor.org/rfc/rfc8659 */
function certificateRules({ certificateAuthorities, certificateReports }: DnsSettings) {
  const issue = certificateAuthorities.map((authority) => ({
    key: authority,
    tag: "issue",
    value: authority,
  }));
  // The value of nobody: no certificate for all names below this one.
  const rules = [...issue, { key: "wildcard", tag: "issuewild", value: ";" }];
  if (certificateReports === undefined) return rules;
  return [...rules, { key: "reports", tag: "iodef", value: `mailto:${certificateReports}` }];
}
