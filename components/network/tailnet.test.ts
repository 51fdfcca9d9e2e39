import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Tailnet } from "./tailnet.ts";
import { tailnetPolicy } from "./tailnet-policy.ts";
import { tailnetSettingsSchema } from "./tailnet-settings.ts";

const declared: { type: string; name: string; inputs: Record<string, unknown> }[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      declared.push({ type, name, inputs: inputs as Record<string, unknown> });
      return { id: name, state: { ...inputs, key: `key-of-${name}` } };
    },
    call({ token }) {
      throw new Error(`there is no mock for ${token}`);
    },
  });
});
beforeEach(() => void declared.splice(0));

const dnsName = "tail1234.ts.net";
const settingsOf = (settings: object = {}) => tailnetSettingsSchema.parse({ dnsName, ...settings });
const valueOf = <T>(output: pulumi.Output<T>) =>
  new Promise<T>((resolve) => void output.apply(resolve));
const ofType = (type: string) => declared.filter((each) => each.type.endsWith(`:${type}`));

describe("the tailnet's policy", () => {
  const policy = tailnetPolicy(settingsOf(), ["comfyume"]);

  /** Whether the grants let `src` reach a port of `dst`. */
  const reaches = (src: string, dst: string, port: number) =>
    policy.grants.some(
      (grant) =>
        grant.src.includes(src) &&
        grant.dst.includes(dst) &&
        (grant.ip.includes("*") || grant.ip.includes(`tcp:${port}`)),
    );
  const worker = "tag:comfyume-worker";
  const appServer = "tag:comfyume-app-server";

  it("lets workers reach the queue manager and Redis, and nothing else", () => {
    expect(reaches(worker, appServer, 8600)).toBe(true);
    expect(reaches(worker, appServer, 6379)).toBe(true);
    expect(policy.grants.filter(({ src }) => src.includes(worker))).toEqual([
      { src: [worker], dst: [appServer], ip: ["tcp:8600", "tcp:6379"] },
    ]);
  });

  it("lets nobody reach a worker but the app server and the operators", () => {
    const reaching = policy.grants.filter(({ dst }) => dst.includes(worker));
    expect(reaching.flatMap(({ src }) => src).sort()).toEqual(["autogroup:admin", appServer]);
    expect(reaches(appServer, worker, 8640)).toBe(true);
    expect(reaches(appServer, worker, 22)).toBe(false);
  });

  it("carries tests that hold for its own grants", () => {
    const settings = settingsOf({ operators: ["host@example.net"] });
    const two = tailnetPolicy(settings, ["comfyume", "summer"]);
    const allowed = (src: string, target: string) => {
      const place = target.lastIndexOf(":");
      return two.grants.some(
        (grant) =>
          grant.src.includes(src) &&
          grant.dst.includes(target.slice(0, place)) &&
          (grant.ip.includes("*") || grant.ip.includes(`tcp:${target.slice(place + 1)}`)),
      );
    };
    expect(two.tests).toHaveLength(5);
    for (const { src, accept = [], deny = [] } of two.tests) {
      for (const target of accept) expect(allowed(src, target), `${src} → ${target}`).toBe(true);
      for (const target of deny) expect(allowed(src, target), `${src} → ${target}`).toBe(false);
    }
    expect(JSON.stringify(two.tests)).toContain("tag:summer-app-server:6379");
  });

  it("lets the client that makes the keys own their tags", () => {
    const owned = tailnetPolicy(settingsOf({ deployerTag: "tag:deployer" }), ["comfyume"]);
    expect(owned.tagOwners).toEqual({
      "tag:deployer": ["autogroup:admin"],
      [appServer]: ["autogroup:admin", "tag:deployer"],
      [worker]: ["autogroup:admin", "tag:deployer"],
    });
  });
});

describe("a tailnet", () => {
  it("makes keys that work once, expire and say what the machine is", async () => {
    const tailnet = new Tailnet("tailnet", settingsOf());
    const key = tailnet.joinKey("worker-1", { role: "worker", machine: "1H100.80S.30V" });
    expect(await valueOf(key)).toBe("key-of-worker-1-join-key");
    expect(await pulumi.isSecret(key)).toBe(true);
    expect(ofType("TailnetKey")[0]?.inputs).toEqual({
      description: "worker-1 for 882f0c03",
      tags: ["tag:comfyume-worker"],
      reusable: false,
      preauthorized: true,
      ephemeral: true,
      expiry: 3600,
      recreateIfInvalid: "never",
    });
    await valueOf(tailnet.joinKey("app", { role: "app-server", machine: "192.0.2.7" }));
    expect(ofType("TailnetKey")[1]?.inputs).toMatchObject({ ephemeral: false });
  });

  it("knows a machine's name in it", async () => {
    const tailnet = new Tailnet("named", settingsOf());
    expect(tailnet.addressOf("worker-1")).toBe("worker-1.tail1234.ts.net");
    await pulumi.runtime.disconnect();
  });

  it("leaves the policy to another stack when told so", async () => {
    const tailnet = new Tailnet("guest", settingsOf({ policyFor: [] }));
    await valueOf(tailnet.joinKey("worker-9", { role: "worker", machine: "1H100.80S.30V" }));
    expect(ofType("Acl")).toEqual([]);
    expect(ofType("DnsPreferences")).toEqual([]);
  });

  it.each([
    ["another domain", { dnsName: "example.net" }, "tail1234.ts.net"],
    ["an operator who is nobody", { operators: ["bob"] }, "must be an e-mail address"],
    ["a setting that there is not", { ports: [22] }, "ports"],
  ])("refuses %s", (_what, settings, message) => {
    const parsed = tailnetSettingsSchema.safeParse({ dnsName, ...settings });
    expect(parsed.error?.message).toContain(message);
  });
});
