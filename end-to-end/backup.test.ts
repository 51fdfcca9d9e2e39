/**
 * Proves that an app server's backups bring everything back: a real Redis with jobs that the queue
 * accepted, participants' files, restic, and an S3 server that checks signatures.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { backupPlace, type BackupPlace } from "../cli/backup/place.ts";
import { requestBackup } from "../cli/backup/request.ts";
import { replace } from "../cli/commands/restore.ts";
import { VisibleError } from "../cli/visible-error.ts";
import { repository } from "../components/installation.ts";
import { objectStoreProgram } from "../worker/test/support/object-store.ts";
import { AppServerData, PASSWORD, script } from "./backup/app-server-data.ts";
import { PretendedMachine } from "./backup/pretended-machine.ts";

const missing = [
  ...(objectStoreProgram === undefined ? ["versitygw"] : []),
  ...(spawnSync("restic", ["version"]).error ? ["restic"] : []),
];
if (missing.length > 0) {
  console.warn(`backup.test.ts is skipped: no ${missing.join(", no ")}; npm run setup brings it`);
}

test("the scripts are sound", () => {
  const place = { cwd: repository, encoding: "utf8" } as const;
  expect(execFileSync("shellcheck", ["-x", path.relative(repository, script)], place)).toBe("");
});

describe.skipIf(missing.length > 0)("backups of an app server", () => {
  let place: AppServerData;
  let storeFolder: string;

  beforeEach(async () => {
    storeFolder = mkdtempSync(path.join(tmpdir(), "backup-store-"));
    place = await AppServerData.start(storeFolder);
  });
  afterEach(async () => {
    await place.stop();
    rmSync(storeFolder, { recursive: true });
  });

  const destroy = async () => {
    await place.stopRedis();
    for (const name of ["redis", "files", "userdata"]) {
      rmSync(path.join(place.data, name), { recursive: true });
    }
  };
  const snapshots = async () =>
    JSON.parse((await place.run("list")).stdout) as { id: string; short_id: string }[];

  test("everything that was accepted and saved comes back, byte by byte", async () => {
    const ids = await place.work();
    const jobs = await place.jobs(ids);
    const files = place.files();
    expect(jobs.map(({ job }) => job?.state).sort()).toEqual([
      "completed",
      "pending",
      "pending",
      "pending",
      "running",
    ]);
    expect(await place.run("once")).toMatchObject({ code: 0 });
    expect(place.status()).toMatchObject({ state: "done", message: "" });

    await destroy();
    expect(await place.run("restore", "latest")).toMatchObject({ code: 0, stderr: "" });
    await place.startRedis();
    expect(place.files()).toEqual(files);
    expect(await place.jobs(ids)).toEqual(jobs);

    const queue = await place.openQueue();
    const claim = await queue.claim("worker-3", 1_000_000);
    expect(ids).toContain(claim?.job.id);
    await queue.close();
    // What is written from now on is durable again: the append-only file goes on from the backup.
    await place.redis.restart();
    expect((await place.jobs([claim?.job.id ?? ""]))[0]?.job).toMatchObject({
      state: "running",
      worker: "worker-3",
    });
  });

  test("a file that was deleted is fetched from an older backup, beside the running platform", async () => {
    const picture = "files/outputs/user001/a picture ü.png";
    await place.work();
    await place.run("once");
    const kept = readFileSync(path.join(place.data, picture));
    rmSync(path.join(place.data, picture));
    await place.run("once");

    const [first, second] = await snapshots();
    const folder = path.join(place.folder, "fetched");
    expect(await place.run("fetch", first?.short_id ?? "", folder)).toMatchObject({ code: 0 });
    expect(readFileSync(path.join(folder, picture)).equals(kept)).toBe(true);
    const other = path.join(place.folder, "other");
    expect(await place.run("fetch", second?.short_id ?? "", other)).toMatchObject({ code: 0 });
    expect(existsSync(path.join(other, picture))).toBe(false);
    const again = await place.run("fetch", "latest", folder);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("is there and not") });
  });

  test("a backup that is killed in the middle leaves the last one whole, and the next one works", async () => {
    const ids = await place.work();
    const jobs = await place.jobs(ids);
    await place.run("once");
    const files = place.files();

    place.write("files/outputs/user002/new.png", Buffer.alloc(2_000_000, "x"));
    place.proxy.holdsSnapshots = true;
    const killed = place.start(["once"]);
    await expect.poll(() => place.proxy.held, { timeout: 60_000 }).toBeGreaterThan(0);
    killed.kill();
    await killed.ended;
    place.proxy.holdsSnapshots = false;

    expect(await snapshots()).toHaveLength(1);
    const fetched = path.join(place.folder, "fetched");
    expect(await place.run("fetch", "latest", fetched)).toMatchObject({ code: 0, stderr: "" });
    expect(place.files(fetched)).toEqual(files);

    expect(await place.run("once")).toMatchObject({ code: 0, stderr: "" });
    expect(await snapshots()).toHaveLength(2);
    await destroy();
    expect(await place.run("restore", "latest")).toMatchObject({ code: 0 });
    expect(existsSync(path.join(place.data, "files/outputs/user002/new.png"))).toBe(true);
    await place.startRedis();
    expect(await place.jobs(ids)).toEqual(jobs);
  });

  test("the service makes a backup at once, one more when it is asked, and says how it is", async () => {
    await place.work();
    expect(await place.run("health")).toMatchObject({ code: 1 });
    const service = place.start(["serve"], { MAINTENANCE_SECONDS: "86400" });
    await expect
      .poll(() => place.run("health").then(({ code }) => code), { timeout: 60_000 })
      .toBe(0);
    await expect.poll(() => place.status().state, { timeout: 60_000 }).toBe("done");

    const second = await place.run("once");
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining("is at work") });

    const request = randomUUID();
    writeFileSync(path.join(place.data, "backup", "inbox", "stack.json"), '{"version":3}');
    writeFileSync(path.join(place.data, "backup", "request"), request);
    await expect
      .poll(() => place.status(), { timeout: 60_000 })
      .toMatchObject({ request, state: "done", failures: "0" });
    await expect
      .poll(() => existsSync(path.join(place.data, "backup", "request")), { timeout: 10_000 })
      .toBe(false);
    expect(await snapshots()).toHaveLength(2);
    const metrics = readFileSync(path.join(place.data, "backup", "metrics", "backup.prom"), "utf8");
    expect(metrics).toMatch(/^comfymulti_backup_last_success_timestamp_seconds [1-9]\d+$/m);
    expect(metrics).toMatch(/^comfymulti_backup_last_check_timestamp_seconds [1-9]\d+$/m);
    expect(metrics).toMatch(/^comfymulti_backup_failures 0$/m);

    service.child.kill("SIGTERM");
    expect(await service.ended).toMatchObject({ code: 143, stderr: "" });
    expect(await place.run("health")).toMatchObject({ code: 0 });
    const fetched = path.join(place.folder, "fetched");
    await place.run("fetch", "latest", fetched);
    expect(readFileSync(path.join(fetched, "stack.json"), "utf8")).toBe('{"version":3}');
  });

  test("the health check fails once the last backup is three intervals old", async () => {
    await place.work();
    await place.run("once");
    const file = path.join(place.data, "backup", "status");
    const hoursAgo = (hours: number) =>
      writeFileSync(
        file,
        readFileSync(file, "utf8").replace(
          /^last_success=\d+$/m,
          `last_success=${Math.floor(Date.now() / 1000) - hours * 3600}`,
        ),
      );
    hoursAgo(2);
    expect(await place.run("health")).toMatchObject({ code: 0 });
    hoursAgo(4);
    const old = await place.run("health");
    expect(old).toMatchObject({ code: 1, stderr: expect.stringMatching(/24\d minutes old/) });
  });

  test.each([
    ["a wrong password", { RESTIC_PASSWORD: "another" }, 78, "The password does not open"],
    ["a wrong key", { AWS_SECRET_ACCESS_KEY: "another" }, 1, "refuses the access key"],
    [
      "an unreachable bucket",
      { RESTIC_REPOSITORY: "s3:http://127.0.0.1:9/bucket/test" },
      1,
      "can't be reached",
    ],
    ["no password", { RESTIC_PASSWORD: "" }, 78, "RESTIC_PASSWORD is not set"],
    ["Redis away", { REDIS_PORT: "9" }, 1, "Redis at 127.0.0.1:9 did not give its copy"],
    ["a folder that is not there", { BACKUP_FOLDERS: "files moon" }, 1, "moon is not there"],
  ])("%s is told in one sentence, and hurts no backup", async (_what, change, code, sentence) => {
    await place.work();
    await place.run("once");
    const failed = await place.start(["once"], change).ended;
    expect(failed.code).toBe(code);
    expect(failed.stderr.trim().split("\n")).toEqual([expect.stringContaining(sentence)]);
    expect(failed.stderr + failed.stdout).not.toContain(PASSWORD);
    expect(await snapshots()).toHaveLength(1);
    expect(await place.run("fetch", "latest", path.join(place.folder, "f"))).toMatchObject({
      code: 0,
    });
  });

  test("a repository that was emptied is not quietly begun anew", async () => {
    await place.work();
    await place.run("once");
    rmSync(path.join(storeFolder, "objects", "model-vault", "test"), { recursive: true });
    const failed = await place.run("once");
    expect(failed).toMatchObject({ code: 78, stderr: expect.stringContaining("are gone") });
  });

  test("nothing is replaced under a running Redis, and what was there stays beside", async () => {
    await place.work();
    await place.run("once");
    const refused = await place.run("restore", "latest");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("Redis runs at") });

    await place.stopRedis();
    place.write("userdata/user001/later.json", Buffer.from("{}"));
    const { code, stdout } = await place.run("restore", "latest");
    expect(code).toBe(0);
    expect(existsSync(path.join(place.data, "userdata/user001/later.json"))).toBe(false);
    expect(existsSync(path.join(stdout.trim(), "userdata/user001/later.json"))).toBe(true);
    expect(readdirSync(place.data).filter((name) => name.startsWith("restored"))).toEqual([]);
  });

  test.each([
    ["0123456789abcdef", "There is no backup"],
    ["../../etc", "is no backup"],
  ])("backup %s is none: %s", async (id, sentence) => {
    await place.run("once");
    const { code, stderr } = await place.run("fetch", id, path.join(place.folder, "f"));
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([expect.stringContaining(sentence)]);
  });

  test("where no backup was made, looking for one makes no repository", async () => {
    const { code, stderr } = await place.run("list");
    expect([code, stderr]).toEqual([1, expect.stringContaining("There are no backups in")]);
    expect(readdirSync(path.join(storeFolder, "objects", "model-vault"))).toEqual([]);
  });

  describe.each(["process", "container"] as const)("asked for by the CLI, of a %s", (kind) => {
    const names = ["comfyume-test-redis", "comfyume-test-backup"];
    let machine: PretendedMachine;

    beforeEach(() => {
      machine = new PretendedMachine(place.folder, names);
      for (const [name, value] of Object.entries(machine.environment)) vi.stubEnv(name, value);
      vi.spyOn(console, "log").mockImplementation(() => {});
    });
    afterEach(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    });

    const cliPlace = (): BackupPlace =>
      backupPlace("test", {
        environment: place.environment(),
        place:
          kind === "process"
            ? { kind, dataDirectory: place.data }
            : {
                kind,
                ssh: "root@app",
                sshOptions: [],
                dataDirectory: place.data,
                image: "backup@sha256:1",
                prefix: "comfyume-test",
              },
      });

    test("a backup is made at once with the stack's state, and comes back in its place", async () => {
      const ids = await place.work();
      const [jobs, files] = [await place.jobs(ids), place.files()];
      await expect(requestBackup("test", cliPlace(), undefined)).rejects.toThrow("does not run");

      const service = place.start(["serve"]);
      await expect.poll(() => cliPlace().isServing(), { timeout: 30_000 }).toBe(true);
      const made = await requestBackup("test", cliPlace(), '{"version":3}');
      expect(made.snapshot).toMatch(/^[0-9a-f]{8,}$/);
      expect(made.bytes).toBeGreaterThan(3_000_000);
      service.child.kill("SIGTERM");
      await service.ended;

      await destroy();
      place.write("redis/appendonlydir/appendonly.aof.1.base.rdb", Buffer.from("an empty one"));
      const refused = replace("test", cliPlace(), { snapshot: "latest", force: false });
      await expect(refused).rejects.toThrow(VisibleError);
      await expect(refused).rejects.toThrow("--force");
      await replace("test", cliPlace(), { snapshot: made.snapshot, force: true });

      expect(place.files()).toEqual(files);
      await place.startRedis();
      expect(await place.jobs(ids)).toEqual(jobs);
      const state = path.join(place.data, "backup", "restored-stack.json");
      expect(readFileSync(state, "utf8")).toBe('{"version":3}');
      if (kind === "container") {
        const [stopped, run, started] = machine.asked.filter((line) => !line.startsWith("ps"));
        expect(stopped).toBe(`stop ${names.join(" ")}`);
        expect(run).toContain(`--user 10001:10001 --read-only`);
        expect(machine.asked.join()).not.toContain(PASSWORD);
        expect(started).toBe(`start ${names.join(" ")}`);
      }
    });

    test("a failure of the service is told as its sentence", async () => {
      const service = place.start(["serve"], { REDIS_PORT: "9" });
      await expect.poll(() => cliPlace().isServing(), { timeout: 30_000 }).toBe(true);
      await expect(requestBackup("test", cliPlace(), undefined)).rejects.toThrow(
        "Redis at 127.0.0.1:9 did not give its copy",
      );
      service.kill();
      await service.ended;
    });
  });
});
