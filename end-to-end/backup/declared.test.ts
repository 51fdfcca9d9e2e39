/**
 * Proves that a stack brings its backup service up with the real engine, as a process, and that the
 * CLI's ways lead to its backups.
 */
import * as automation from "@pulumi/pulumi/automation/index.js";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseAccess, printableAccess } from "../../cli/backup/access.ts";
import { backupPlace } from "../../cli/backup/place.ts";
import { requestBackup } from "../../cli/backup/request.ts";
import { exportEncrypted } from "../../cli/backup/stack-state.ts";
import {
  Backup,
  backupAccessSchema,
  backupSettingsSchema,
} from "../../components/app-server/backup.ts";
import { ProcessHost, SupervisorClient, sweep } from "../../components/hosts/index.ts";
import { repository } from "../../components/installation.ts";
import { objectStoreProgram } from "../../worker/test/support/object-store.ts";
import { AppServerData, PASSWORD } from "./app-server-data.ts";

const missing = objectStoreProgram === undefined || spawnSync("restic", ["version"]).error;
if (missing) console.warn("declared.test.ts is skipped: no versitygw or no restic; npm run setup");

describe.skipIf(missing)("a stack's backup service", () => {
  let place: AppServerData;
  let storeFolder: string;
  let home: string;

  beforeEach(async () => {
    storeFolder = mkdtempSync(path.join(tmpdir(), "backup-store-"));
    home = mkdtempSync(path.join(tmpdir(), "backup-stack-"));
    place = await AppServerData.start(storeFolder);
    const plugin = path.join(repository, "components/hosts/process/plugin");
    writeFileSync(
      path.join(home, "Pulumi.yaml"),
      JSON.stringify({
        name: "backup-test",
        runtime: "nodejs",
        plugins: { providers: [{ name: "comfymulti", path: plugin }] },
      }),
    );
  });
  afterEach(async () => {
    await sweep(place.data);
    await place.stop();
    for (const folder of [storeFolder, home]) rmSync(folder, { recursive: true, force: true });
  });

  const engine = () => ({
    COMFYMULTI_NODE: process.execPath,
    PULUMI_HOME: path.join(home, "pulumi"),
    PULUMI_BACKEND_URL: `file://${home}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "1",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  });

  function select(password: string): Promise<automation.Stack> {
    const variables = place.environment();
    const program = () => {
      const backup = new Backup("backup", {
        host: new ProcessHost("host", { directory: place.data }),
        version: "1.0",
        stackName: "comfyume-test",
        settings: backupSettingsSchema.parse({}),
        repository: variables.RESTIC_REPOSITORY ?? "",
        password: pulumi.secret(password),
        accessKeyId: variables.AWS_ACCESS_KEY_ID ?? "",
        secretAccessKey: pulumi.secret(variables.AWS_SECRET_ACCESS_KEY ?? ""),
        redis: {
          host: "127.0.0.1",
          port: place.redis.port,
          username: "backup",
          password: pulumi.secret("of-the-backup"),
        },
        dataDirectory: place.data,
      });
      return Promise.resolve({ platform: pulumi.secret({ backup: backup.access }) });
    };
    return automation.LocalWorkspace.createOrSelectStack(
      { stackName: "test", projectName: "backup-test", program },
      { workDir: home, envVars: engine() },
    );
  }

  test("comes up with the stack, makes a backup when it is asked, and goes with the stack", async () => {
    await place.work();
    const stack = await select(PASSWORD);
    const { outputs } = await stack.up();
    expect(outputs["platform"]).toMatchObject({ secret: true });
    const access = chooseAccess("test", outputs["platform"]?.value, {});
    expect(backupAccessSchema.parse(access).place.kind).toBe("process");

    const state = await exportEncrypted(stack, engine());
    expect(state).toContain("ciphertext");
    expect(state).not.toContain(PASSWORD);
    const made = await requestBackup("test", backupPlace("test", access), state);
    expect(made.bytes).toBeGreaterThan(3_000_000);
    expect((await stack.up()).summary.resourceChanges).toEqual({ same: 5 });

    await stack.destroy();
    expect(await sweep(place.data)).toEqual([]);
    const kept = Object.fromEntries(
      printableAccess(access)
        .split("\n")
        .map((line) => {
          const [, name = "", value = ""] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
          return [name, value];
        }),
    );
    const { environment } = chooseAccess("test", undefined, kept);
    const list = await place.start(["list"], { ...environment, DATA_DIRECTORY: place.data }).ended;
    expect(list.stdout).toContain(made.snapshot);
    const folder = path.join(place.folder, "fetched");
    await place.run("fetch", made.snapshot, folder);
    expect(readFileSync(path.join(folder, "stack.json"), "utf8")).toBe(state);
  });

  test("with a password that does not open the backups stops the update with that sentence", async () => {
    await place.run("once");
    const stack = await select("another");
    await expect(stack.up()).rejects.toThrow(/The password does not open the backups/);
    expect(await new SupervisorClient(place.data).status()).toEqual([]);
    await stack.destroy();
  });

  test("can't be asked for where the stack has none, and the sentence says what to do", () => {
    expect(() => chooseAccess("test", undefined, {})).toThrow(/is not up.*bring it up first/);
    expect(() => chooseAccess("test", { backup: undefined }, {})).toThrow(/set comfymulti:backup/);
  });
});
