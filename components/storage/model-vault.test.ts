import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { ModelVault } from "./model-vault.ts";
import { bucketNames, bucketRoles, vaultSettingsSchema } from "./settings.ts";

/** What a vault declares; nothing is made. */

const accountId = "0123456789abcdef0123456789abcdef";
const declared: { type: string; name: string; inputs: Record<string, unknown> }[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      declared.push({ type, name, inputs: inputs as Record<string, unknown> });
      return { id: `id-of-${name}`, state: { ...inputs, value: `value-of-${name}` } };
    },
    call({ token }) {
      throw new Error(`there is no mock for ${token}`);
    },
  });
});

const valueOf = <T>(output: pulumi.Output<T>) =>
  new Promise<T>((resolve) => void output.apply(resolve));
const ofType = (type: string) => declared.filter((each) => each.type.endsWith(`:${type}`));

describe("a model vault", () => {
  let vault: ModelVault;

  beforeAll(async () => {
    vault = new ModelVault(
      "vault",
      vaultSettingsSchema.parse({ accountId, bucketNames: { cache: "settings-of-summer" } }),
    );
    await Promise.all(bucketRoles.map((role) => valueOf(vault.buckets[role])));
    await valueOf(vault.reader.secretAccessKey);
    await valueOf(vault.keeper.secretAccessKey);
  });

  it("has four buckets in the EU, named after the project unless told otherwise", () => {
    expect(ofType("R2Bucket").map(({ inputs }) => inputs)).toEqual(
      [
        "comfyume-model-vault-backups",
        "settings-of-summer",
        "comfyume-worker-container-backups",
        "comfyume-user-files-backups",
      ].map((name) => ({ accountId, name, jurisdiction: "eu" })),
    );
    expect(vault.endpoint).toBe(`https://${accountId}.eu.r2.cloudflarestorage.com`);
  });

  it("keeps every bucket's public address closed", () => {
    const domains = ofType("R2ManagedDomain").map(({ inputs }) => inputs);
    expect(domains).toHaveLength(4);
    for (const domain of domains) expect(domain).toMatchObject({ enabled: false });
  });

  it("deletes what grows old, and never a model, an image or a backup", () => {
    const deleting = ofType("R2BucketLifecycle").filter(({ inputs }) =>
      JSON.stringify(inputs["rules"]).includes("deleteObjectsTransition"),
    );
    expect(deleting.map(({ name }) => name)).toEqual(["vault-userFiles-lifecycle"]);
    expect(JSON.stringify(deleting[0]?.inputs["rules"])).toContain(`"maxAge":${90 * 86_400}`);
  });

  it("lets a reader read what workers restore, and a keeper write everything", () => {
    const policies = Object.fromEntries(
      ofType("AccountToken").map(({ name, inputs }) => {
        const [policy] = inputs["policies"] as {
          permissionGroups: { id: string }[];
          resources: string;
        }[];
        return [name, policy];
      }),
    );
    const resource = (bucket: string) => `com.cloudflare.edge.r2.bucket.${accountId}_eu_${bucket}`;
    expect(JSON.parse(policies["vault-reader"]?.resources ?? "")).toEqual({
      [resource("comfyume-model-vault-backups")]: "*",
      [resource("comfyume-worker-container-backups")]: "*",
    });
    expect(Object.keys(JSON.parse(policies["vault-keeper"]?.resources ?? "") as object)).toEqual([
      resource("comfyume-model-vault-backups"),
      resource("settings-of-summer"),
      resource("comfyume-worker-container-backups"),
      resource("comfyume-user-files-backups"),
    ]);
    expect(policies["vault-reader"]?.permissionGroups).not.toEqual(
      policies["vault-keeper"]?.permissionGroups,
    );
  });

  it("gives credentials as an S3 client needs them, the secret one encrypted", async () => {
    expect(await valueOf(vault.reader.accessKeyId)).toBe("id-of-vault-reader");
    const hash = createHash("sha256").update("value-of-vault-reader").digest("hex");
    expect(await valueOf(vault.reader.secretAccessKey)).toBe(hash);
    expect(await pulumi.isSecret(vault.reader.secretAccessKey)).toBe(true);
  });
});

describe("a vault's settings", () => {
  it("name buckets after the project", () => {
    const settings = vaultSettingsSchema.parse({ accountId, projectName: "summer" });
    expect(bucketNames(settings)).toEqual({
      modelVault: "summer-model-vault-backups",
      cache: "summer-cache-backups",
      workerContainer: "summer-worker-container-backups",
      userFiles: "summer-user-files-backups",
    });
  });

  it.each([
    ["an account that is none", { accountId: "mine" }, "32 hexadecimal digits"],
    ["a bucket name that R2 refuses", { bucketNames: { cache: "-Cache" } }, "no - at either end"],
    ["a bucket that there is not", { bucketNames: { models: "models" } }, "models"],
    ["no time at all to keep", { keepDays: { userFiles: 0 } }, ">=1"],
  ])("refuse %s", (_what, settings, message) => {
    const parsed = vaultSettingsSchema.safeParse({ accountId, ...settings });
    expect(parsed.error?.message).toContain(message);
  });
});
