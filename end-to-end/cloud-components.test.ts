/** The components over cloudflare and tailscale, by the real engine on stand-ins, under the policies. */
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Dns,
  dnsSettingsSchema,
  Tailnet,
  tailnetSettingsSchema,
} from "../components/network/index.ts";
import { ModelVault, vaultSettingsSchema } from "../components/storage/index.ts";
import { SECRET } from "../rehearsal/stand-ins/index.ts";
import { StandInProject, type Run } from "./stand-ins/project.ts";

const id = "0123456789abcdef0123456789abcdef";
/** Rules that look at what these components declare; others want a whole platform. */
const rules = ["buckets-private", "model-vault-eu", "protected-data-volumes", "secrets-encrypted"];

interface Wishes {
  readonly machine?: string;
  readonly protect?: boolean;
  readonly proxied?: boolean;
}

function program({ machine = "one H100", protect = true, proxied = false }: Wishes = {}) {
  const vault = new ModelVault("vault", vaultSettingsSchema.parse({ accountId: id, protect }));
  const tailnet = new Tailnet(
    "tailnet",
    tailnetSettingsSchema.parse({ dnsName: "tail1234.ts.net", operators: ["host@example.net"] }),
  );
  tailnet.joinKey("app", { role: "app-server", machine: "192.0.2.7" });
  tailnet.joinKey("worker-1", { role: "worker", machine });
  new Dns(
    "dns",
    dnsSettingsSchema.parse({
      zoneId: id,
      hostname: "comfy.example.net",
      ipv4: "192.0.2.7",
      ipv6: "2001:db8::7",
      proxied,
    }),
  );
  return pulumi.all([vault.reader.secretAccessKey]);
}

const project = new StandInProject();
afterAll(() => project.remove());

const run = (operation: "preview" | "up" | "destroy", wishes?: Wishes) =>
  project.run(operation, () => void program(wishes));
const typesMade = () => {
  const counts: Record<string, number> = {};
  for (const { type } of project.made()) {
    const name = type.split(":").at(-1) ?? "";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

describe("vault, tailnet and names", () => {
  let first: Run;

  beforeAll(async () => {
    first = await run("up");
  });

  it("come up with what the providers declare", () => {
    expect(first.succeeded, first.output).toBe(true);
    expect(typesMade()).toEqual({
      R2Bucket: 4,
      R2BucketLifecycle: 4,
      R2ManagedDomain: 4,
      AccountToken: 2,
      Acl: 1,
      DnsPreferences: 1,
      TailnetKey: 2,
      DnsRecord: 4,
    });
    const keys = project.made().filter(({ type }) => /TailnetKey|AccountToken/.test(type));
    const texts = keys.map(({ properties }) => properties["key"] ?? properties["value"]);
    expect(texts).toEqual([SECRET, SECRET, SECRET, SECRET]);
  });

  it("stay as they are when nothing changed", async () => {
    const { changes, output } = await run("up");
    expect(Object.keys(changes), output).toEqual(["same"]);
  });

  it("get a new key for a machine that takes another's place, and no other", async () => {
    const { changes, output } = await run("up", { machine: "two H100" });
    expect(changes, output).toMatchObject({ replace: 1 });
    expect(changes).not.toHaveProperty("update");
  });

  it("get the zone's settings when the proxy is switched on", async () => {
    const { changes, output } = await run("up", { machine: "two H100", proxied: true });
    expect(changes, output).toMatchObject({ create: 3, update: 2 });
  });

  it("cannot be destroyed while the buckets are protected", async () => {
    const refused = await run("destroy");
    expect(refused.succeeded).toBe(false);
    expect(refused.output).toMatch(/protected/);
    expect(typesMade()["R2Bucket"]).toBe(4);
  });
});

describe("under the policies of a workshop", () => {
  beforeAll(() => project.setConfig("judged", "comfymulti:kind", "workshop"));

  const judged = async (wishes: Wishes) => {
    const options = { stack: "judged", policies: true };
    const { violations } = await project.run("preview", () => void program(wishes), options);
    return violations.filter((violation) => rules.some((rule) => violation.startsWith(rule)));
  };

  it("they pass", async () => {
    expect(await judged({})).toEqual([]);
  });

  it("an unprotected vault does not", async () => {
    expect(await judged({ protect: false })).toHaveLength(4);
  });
});
