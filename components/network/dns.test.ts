import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { Dns } from "./dns.ts";
import { dnsSettingsSchema } from "./dns-settings.ts";

const declared: { type: string; inputs: Record<string, unknown> }[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      declared.push({ type, inputs: inputs as Record<string, unknown> });
      return { id: name, state: inputs as Record<string, unknown> };
    },
    call({ token }) {
      throw new Error(`there is no mock for ${token}`);
    },
  });
});
beforeEach(() => void declared.splice(0));

const zoneId = "0123456789abcdef0123456789abcdef";
const hostname = "comfy.example.net";
const least = { zoneId, hostname, ipv4: "192.0.2.7" };

/** Declares it; what was declared, without its zone and name. */
async function declaredBy(settings: object) {
  const dns = new Dns("dns", dnsSettingsSchema.parse({ ...least, ...settings }));
  await new Promise((resolve) => void dns.urn.apply(resolve));
  await pulumi.runtime.disconnect();
  const [records, zoneSettings] = ["DnsRecord", "ZoneSetting"].map((type) =>
    declared.filter((each) => each.type.endsWith(`:${type}`)).map(({ inputs }) => inputs),
  );
  return { dns, records, zoneSettings };
}

it("a name leads straight to the app server, and one authority may certify it", async () => {
  const { dns, records, zoneSettings } = await declaredBy({});
  const common = { zoneId, name: hostname, ttl: 300 };
  expect(dns.url).toBe("https://comfy.example.net");
  // Declared at once, they come in any order.
  expect(new Set(records)).toEqual(
    new Set([
      { ...common, type: "A", content: "192.0.2.7", proxied: false },
      { ...common, type: "CAA", data: { flags: 0, tag: "issue", value: "letsencrypt.org" } },
      { ...common, type: "CAA", data: { flags: 0, tag: "issuewild", value: ";" } },
    ]),
  );
  expect(zoneSettings).toEqual([]);
});

it("a proxied name has an automatic time to live, and TLS all the way", async () => {
  const { records, zoneSettings } = await declaredBy({
    proxied: true,
    ipv6: "2001:db8::7",
    certificateReports: "host@example.net",
  });
  const addresses = records?.filter(({ type }) => type !== "CAA");
  expect(addresses).toHaveLength(2);
  for (const address of addresses ?? []) expect(address).toMatchObject({ proxied: true, ttl: 1 });
  expect(JSON.stringify(records)).toContain("mailto:host@example.net");
  expect(new Set(zoneSettings)).toEqual(
    new Set([
      { zoneId, settingId: "ssl", value: "strict" },
      { zoneId, settingId: "min_tls_version", value: "1.2" },
      { zoneId, settingId: "always_use_https", value: "on" },
    ]),
  );
});

it.each([
  ["a name with a path", { hostname: "comfy.example.net/app" }, "must be a full name"],
  ["an address that is none", { ipv4: "192.0.2.700" }, "ipv4"],
  ["TLS that is switched off behind the proxy", { tlsMode: "flexible" }, "tlsMode"],
])("settings refuse %s", (_what, settings, message) => {
  const parsed = dnsSettingsSchema.safeParse({ ...least, ...settings });
  expect(parsed.error?.message).toContain(message);
});
