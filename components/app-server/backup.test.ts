import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { DockerHost, type Host, type ServiceSpec } from "../hosts/index.ts";
import { Backup, backupSettingsSchema, type BackupArgs } from "./backup.ts";

/** What the component declares; nothing runs. */

let containers: Record<string, unknown>[] = [];
let declared: ServiceSpec | undefined;

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      if (type === "docker:index/container:Container") {
        containers.push(inputs as Record<string, unknown>);
      }
      return { id: `${name}-id`, state: { mustRun: true, ...(inputs as object) } };
    },
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
});

/** Keeps what it is asked to run. */
const recorder = {
  service: (_name: string, spec: ServiceSpec) => {
    declared = spec;
    return {};
  },
  addressOf: () => "127.0.0.1",
} as unknown as Host;

const args = (host: Host, settings: object = {}): BackupArgs => ({
  host,
  version: "1.0",
  stackName: "comfyume-workshop",
  settings: backupSettingsSchema.parse(settings),
  repository: "s3:https://account.eu.r2.cloudflarestorage.com/bucket/workshop",
  password: pulumi.secret("the-password"),
  accessKeyId: "key",
  secretAccessKey: pulumi.secret("the-key"),
  redis: { host: "redis", port: 6379, username: "backup", password: pulumi.secret("of-redis") },
  dataDirectory: "/srv/comfyume",
});

const valueOf = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => void output.apply(resolve));

describe("the backup service", () => {
  test("has its passwords as secret variables alone, and not on its command line", () => {
    new Backup("backup", args(recorder));
    const { environment, command } = declared ?? {};
    const shown = JSON.stringify([environment, command]);
    expect(shown).not.toMatch(/the-password|the-key|of-redis/);
    expect(environment).toMatchObject({ INTERVAL_SECONDS: "3600", KEEP_HOURLY: "48" });
  });

  test("tells the CLI how to reach it, as a secret", async () => {
    const { access } = new Backup("backup", args(recorder, { everyHours: 6 }));
    expect(await valueOf(pulumi.output(pulumi.isSecret(access)))).toBe(true);
    expect(await valueOf(access)).toMatchObject({
      place: { kind: "process", dataDirectory: "/srv/comfyume" },
      environment: { RESTIC_PASSWORD: "the-password", INTERVAL_SECONDS: "21600" },
    });
  });

  test("is a container that can only read what it saves", async () => {
    const host = new DockerHost("host", {
      address: "ssh://root@app",
      prefix: "comfyume-workshop",
      networks: [{ name: "edge" }, { name: "internal", internal: true }],
    });
    const container = { image: "backup@sha256:1", ssh: "root@app", prefix: "comfyume-workshop" };
    const made = new Backup("backup", { ...args(host), folders: ["files", "comfyui"], container });
    expect(await valueOf(made.access)).toMatchObject({ place: { kind: "container" } });
    await valueOf(made.service.urn);
    expect(containers).toHaveLength(1);
    expect(containers[0]).toMatchObject({
      user: "10001:10001",
      readOnly: true,
      healthcheck: { tests: ["CMD", "/app/backup.sh", "health"] },
      mounts: [
        { source: "/srv/comfyume/files", target: "/srv/comfyume/files", readOnly: true },
        { source: "/srv/comfyume/comfyui", target: "/srv/comfyume/comfyui", readOnly: true },
        { source: "/srv/comfyume/backup", target: "/srv/comfyume/backup", readOnly: false },
      ],
    });
  });
});

test.each([
  ["a place that is no bucket", { repository: "/srv/backups" }, "s3:https://HOST/BUCKET/FOLDER"],
  ["an unknown setting", { every: 1 }, "every"],
  ["no hours", { everyHours: 0 }, "everyHours"],
])("%s is refused", (_what, settings, sentence) => {
  const { error } = backupSettingsSchema.safeParse(settings);
  expect(JSON.stringify(error?.issues)).toContain(sentence);
});
