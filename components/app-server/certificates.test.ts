import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import type { Host, ServiceSpec } from "../hosts/index.ts";
import { Certificates, certificatesSettingsSchema } from "./certificates.ts";

/** What the component declares; nothing runs. */

let declared: ServiceSpec | undefined;

const recorder = {
  service: (_name: string, spec: ServiceSpec) => {
    declared = spec;
    return {};
  },
  addressOf: () => "127.0.0.1",
} as unknown as Host;

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
});

function declare(settings: object, cloudflareToken?: string) {
  new Certificates("certificates", {
    host: recorder,
    version: "1.0",
    domains: ["comfy.example.net"],
    settings: certificatesSettingsSchema.parse({ email: "host@example.net", ...settings }),
    httpAddress: "nginx:80",
    ...(cloudflareToken !== undefined && { cloudflareToken }),
    directories: { tls: "/srv/tls", acme: "/srv/acme", state: "/srv/certificates" },
    container: { image: "certificates@sha256:1" },
  });
  return declared;
}

test("the certificate comes from Let's Encrypt by nginx' folder unless the settings say else", () => {
  expect(declare({})).toMatchObject({
    environment: {
      ACME_SERVER: "https://acme-v02.api.letsencrypt.org/directory",
      CHALLENGE: "http",
      RENEW_DAYS: "30",
      PROBE_ADDRESS: "nginx:80",
    },
    container: { networks: [{ name: "edge" }], healthCommand: ["/app/certificates.sh", "health"] },
  });
});

test("Cloudflare's token is a secret variable, and only there for the challenge by DNS", () => {
  const { environment, secretEnvironment } = declare({ challenge: "dns" }, "a-token") ?? {};
  expect(JSON.stringify(environment)).not.toContain("a-token");
  expect(secretEnvironment).toEqual({ CLOUDFLARE_DNS_API_TOKEN: "a-token" });
  expect(declare({}, "a-token")?.secretEnvironment).toEqual({});
});

test("the challenge by DNS without a token is refused in one sentence", () => {
  expect(() => declare({ challenge: "dns" })).toThrow(/needs a Cloudflare token: set/);
});
