import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { requireSpace } from "../src/models/directory.ts";
import { FaultyProxy, objectStoreProgram, startObjectStore } from "./support/object-store.ts";
import type { TestObjectStore } from "./support/object-store.ts";

if (objectStoreProgram === undefined) {
  console.warn("models.test.ts is skipped: versitygw is not built; npm run setup builds it");
}

const MEGABYTE = 1_000_000;
const COMMAND = new URL("../src/cli/models-command.ts", import.meta.url).href;
const PROGRAM = `import { modelsCommand } from ${JSON.stringify(COMMAND)};
await modelsCommand().parseAsync(process.argv.slice(1), { from: "user" });`;

/** Mounts a filesystem for a test; says why where it is not allowed. */
function mount(source: string, options: string[], place: string) {
  const { status, stderr, error } = spawnSync("mount", [...options, source, place], {
    encoding: "utf8",
  });
  return {
    reason: status === 0 ? undefined : (error?.message ?? stderr.trim()),
    unmount: () => spawnSync("umount", ["--lazy", place]),
  };
}

describe.skipIf(objectStoreProgram === undefined)("comfymulti-worker models", () => {
  let store: TestObjectStore;
  let proxy: FaultyProxy;
  let storeFolder: string;
  let folder: string;
  let models: string;
  let manifest: string;
  const children = new Set<ChildProcess>();

  const large = randomBytes(8 * MEGABYTE);
  const small = randomBytes(50_000);
  const LARGE = "checkpoints/large.safetensors";
  const SMALL = "vae/small.safetensors";

  beforeAll(async () => {
    storeFolder = mkdtempSync(path.join(tmpdir(), "object-store-"));
    store = await startObjectStore(storeFolder);
  });
  afterAll(async () => {
    await store.stop();
    rmSync(storeFolder, { recursive: true });
  });
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "models-"));
    models = path.join(folder, "models");
    mkdirSync(models);
    proxy = await FaultyProxy.start(store.settings.R2_ENDPOINT);
    await store.put(LARGE, large);
    await store.put(SMALL, small);
    manifest = writeManifest([entry(LARGE, large), entry(SMALL, small)], {
      big: [LARGE, SMALL],
      little: [SMALL],
    });
  });
  afterEach(async () => {
    for (const child of children) child.kill("SIGKILL");
    await proxy.stop();
    rmSync(folder, { recursive: true });
  });

  const entry = (place: string, content: Buffer) => ({
    folder: path.dirname(place),
    name: path.basename(place),
    sizeBytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
  });
  function writeManifest(files: object[], templates: Record<string, string[]>): string {
    const file = path.join(folder, "manifest.json");
    writeFileSync(file, JSON.stringify({ files, templates }));
    return file;
  }
  const onDisk = (place: string) => path.join(models, place);
  const write = (place: string, content: Buffer) => {
    mkdirSync(path.dirname(onDisk(place)), { recursive: true });
    writeFileSync(onDisk(place), content);
  };

  /** Starts the command as its own process. */
  function start(args: string[], environment: Record<string, string | undefined> = {}) {
    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", PROGRAM, "--", ...args, "--manifest", manifest],
      {
        cwd: path.dirname(new URL(COMMAND).pathname),
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...process.env,
          MODELS_DIRECTORY: models,
          MODELS_LOCK_STALE_SECONDS: "2",
          ...store.settings,
          R2_ENDPOINT: proxy.url,
          ...environment,
        },
      },
    );
    children.add(child);
    const run = { child, stdout: "", stderr: "", ended: once(child, "close") };
    child.stdout.on("data", (text) => (run.stdout += String(text)));
    child.stderr.on("data", (text) => (run.stderr += String(text)));
    void run.ended.then(() => children.delete(child));
    return run;
  }
  async function runModels(args: string[], environment?: Record<string, string | undefined>) {
    const run = start(args, environment);
    const [code] = await run.ended;
    return { code: code as number, stdout: run.stdout, stderr: run.stderr };
  }
  const events = (stdout: string) =>
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const filesOf = (name: string) => readdirSync(path.join(models, name));

  it("restores all files of the manifest, and only skips them the next time", async () => {
    const first = await runModels(["restore"]);
    expect(first).toMatchObject({ code: 0, stdout: "2 restored, 0 there, 0 failed\n" });
    expect(readFileSync(onDisk(LARGE)).equals(large)).toBe(true);
    expect(readFileSync(onDisk(SMALL)).equals(small)).toBe(true);
    expect([filesOf("checkpoints"), filesOf("vae")]).toEqual([
      ["large.safetensors"],
      ["small.safetensors"],
    ]);

    const second = await runModels(["restore"], { R2_ENDPOINT: "http://127.0.0.1:9" });
    expect(second).toMatchObject({ code: 0, stdout: "0 restored, 2 there, 0 failed\n" });
  });

  it("restores the files of one template alone", async () => {
    expect(await runModels(["restore", "--template", "little"])).toMatchObject({ code: 0 });
    expect(readdirSync(models)).toEqual(["vae"]);
  });

  it("goes on where a broken transfer stopped instead of starting anew", async () => {
    proxy.faults.push(
      { kind: "break", afterBytes: 3 * MEGABYTE },
      { kind: "error", status: 503 },
      { kind: "break", afterBytes: 2 * MEGABYTE },
    );
    const { code, stdout } = await runModels([
      "restore",
      "--template",
      "big",
      "--parallel",
      "1",
      "--json",
    ]);
    expect(code).toBe(0);
    expect(readFileSync(onDisk(LARGE)).equals(large)).toBe(true);
    expect(proxy.served.get(LARGE)).toBe(large.length);
    expect(proxy.ranges.slice(0, 4)).toEqual([
      "",
      `bytes=${3 * MEGABYTE}-`,
      `bytes=${3 * MEGABYTE}-`,
      `bytes=${5 * MEGABYTE}-`,
    ]);
    expect(events(stdout).filter(({ event }) => event === "retry")).toHaveLength(3);
    expect(events(stdout).at(-1)).toEqual({ event: "done", restored: 2, skipped: 0, failed: 0 });
  });

  it("starts anew when the object was changed after a break", async () => {
    const changed = randomBytes(large.length);
    manifest = writeManifest([entry(LARGE, changed)], {});
    proxy.faults.push({ kind: "break", afterBytes: 3 * MEGABYTE });
    proxy.beforeRequest = async () => {
      if (proxy.ranges.length === 1) await store.put(LARGE, changed);
    };
    expect(await runModels(["restore"])).toMatchObject({ code: 0 });
    expect(readFileSync(onDisk(LARGE)).equals(changed)).toBe(true);
    expect(proxy.ranges).toEqual(["", `bytes=${3 * MEGABYTE}-`, ""]);
  });

  it("refuses wrong bytes, and never shows them under the final name", async () => {
    proxy.faults.push({ kind: "alter" }, { kind: "alter" });
    const { code, stdout, stderr } = await runModels(["restore"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "0 restored, 0 there, 2 failed\n" });
    expect(stderr).toContain(`✗ ${LARGE} has the SHA-256 `);
    expect([filesOf("checkpoints"), filesOf("vae")]).toEqual([[], []]);
  });

  it("fetches a file once more from its first byte when the resumed whole has a wrong sum", async () => {
    proxy.faults.push({ kind: "hold", afterBytes: 2 * MEGABYTE });
    const held = start(["restore", "--parallel", "1"]);
    await vi.waitFor(() => expect(statSync(`${onDisk(LARGE)}.partial`).size).toBe(2 * MEGABYTE), {
      timeout: 10_000,
    });
    held.child.kill("SIGKILL");
    await held.ended;
    const bytes = readFileSync(`${onDisk(LARGE)}.partial`);
    bytes.fill(0, 0, 100);
    writeFileSync(`${onDisk(LARGE)}.partial`, bytes);
    expect(await runModels(["restore"])).toMatchObject({ code: 0 });
    expect(readFileSync(onDisk(LARGE)).equals(large)).toBe(true);
    expect(proxy.served.get(LARGE)).toBe(2 * large.length);
  });

  it("refuses an object whose size is not that of the manifest, and restores the others", async () => {
    await store.put(LARGE, large.subarray(0, 1000));
    const { code, stderr } = await runModels(["restore"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${LARGE} has 1000 bytes in the bucket and ${large.length} in the`);
    expect(existsSync(onDisk(SMALL))).toBe(true);
  });

  it("says which file the bucket lacks, and restores the others", async () => {
    const lost = "loras/lost.safetensors";
    manifest = writeManifest([entry(lost, small), entry(SMALL, small)], {});
    const { code, stderr } = await runModels(["restore"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`✗ ${lost} is not in the bucket`);
    expect(existsSync(onDisk(SMALL))).toBe(true);
  });

  it("downloads once when two restores run at once: the second waits, then skips", async () => {
    proxy.faults.push({ kind: "hold", afterBytes: MEGABYTE });
    const first = start(["restore", "--parallel", "1"]);
    await vi.waitFor(() => expect(proxy.served.get(LARGE)).toBe(MEGABYTE), { timeout: 10_000 });
    const second = start(["restore", "--json"]);
    await vi.waitFor(() => expect(second.stdout).toContain('{"event":"waiting"}'), {
      timeout: 10_000,
    });
    proxy.release();
    await Promise.all([first.ended, second.ended]);
    expect(first.stdout).toBe("2 restored, 0 there, 0 failed\n");
    expect(events(second.stdout).at(-1)).toEqual({
      event: "done",
      restored: 0,
      skipped: 2,
      failed: 0,
    });
    expect(Object.fromEntries(proxy.served)).toEqual({
      [LARGE]: large.length,
      [SMALL]: small.length,
    });
  });

  it("takes over from a restore that was killed, and goes on where it was", async () => {
    proxy.faults.push({ kind: "hold", afterBytes: 3 * MEGABYTE });
    const first = start(["restore", "--parallel", "1"]);
    await vi.waitFor(() => expect(statSync(`${onDisk(LARGE)}.partial`).size).toBe(3 * MEGABYTE), {
      timeout: 10_000,
    });
    first.child.kill("SIGKILL");
    await first.ended;
    expect(existsSync(onDisk(LARGE))).toBe(false);

    const { code, stderr } = await runModels(["restore"]);
    expect(code).toBe(0);
    expect(stderr).toContain("3.0 MB of it is there from before");
    expect(readFileSync(onDisk(LARGE)).equals(large)).toBe(true);
    expect(proxy.served.get(LARGE)).toBe(large.length);
  });

  it("keeps what has arrived when it is interrupted, and gives its lock back", async () => {
    proxy.faults.push({ kind: "hold", afterBytes: 3 * MEGABYTE });
    const first = start(["restore", "--parallel", "1"]);
    await vi.waitFor(() => expect(statSync(`${onDisk(LARGE)}.partial`).size).toBe(3 * MEGABYTE), {
      timeout: 10_000,
    });
    first.child.kill("SIGINT");
    const [code] = await first.ended;
    expect({ code, stderr: first.stderr.trim().split("\n").at(-1) }).toEqual({
      code: 1,
      stderr:
        "Interrupted: run the same command again. A restore goes on where it was, a backup with the file it was at.",
    });
    expect(readdirSync(models)).toEqual(["checkpoints", "vae"]);
    const { stderr } = await runModels(["restore"], { MODELS_LOCK_STALE_SECONDS: "3600" });
    expect(stderr).toContain("3.0 MB of it is there from before");
    expect(proxy.served.get(LARGE)).toBe(large.length);
  });

  it("answers a wrong secret, a wrong bucket and a missing directory with one sentence", async () => {
    const secret = await runModels(["restore"], { R2_SECRET_ACCESS_KEY: "wrong" });
    expect(secret).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "The bucket model-vault refuses this access key: check R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY, and that the key may use this bucket.\n",
    });
    const bucket = await runModels(["restore"], { R2_BUCKET: "nowhere" });
    expect(bucket.stderr).toMatch(/^There is no bucket nowhere at .*\n$/);
    const directory = await runModels(["scan"], { MODELS_DIRECTORY: path.join(folder, "away") });
    expect(directory.stderr).toMatch(/^\S+away is not there: mount the shared filesystem.*\n$/);
    const network = await runModels(["restore"], { R2_ENDPOINT: "http://127.0.0.1:9" });
    expect(network.stderr).toMatch(/^The bucket can't be reached \(.*\): check R2_ENDPOINT.*\n$/);
    expect([bucket.code, directory.code, network.code]).toEqual([1, 1, 1]);
  });

  it("ends with 78 and names the setting when one is wrong", async () => {
    const { code, stderr } = await runModels(["backup"], {
      R2_ENDPOINT: "nonsense",
      R2_BUCKET: undefined,
    });
    expect(code).toBe(78);
    expect(stderr).toMatch(/^R2_ENDPOINT: must be a URL such as .*\nR2_BUCKET: must be set\n$/);
  });

  it("refuses names that lead out of the directory, in the manifest and by a link", async () => {
    manifest = writeManifest([{ ...entry(SMALL, small), folder: "../outside" }], {});
    const named = await runModels(["restore"]);
    expect(named.code).toBe(1);
    expect(named.stderr).toContain("must be a folder below the models directory");

    manifest = writeManifest([entry(SMALL, small)], {});
    const outside = path.join(folder, "outside");
    mkdirSync(outside);
    symlinkSync(outside, path.join(models, "vae"));
    const linked = await runModels(["restore"]);
    expect(linked.code).toBe(1);
    expect(linked.stderr).toContain(`leads out of ${models}`);
    expect(readdirSync(outside)).toEqual([]);
  });

  it("says how much room is missing when the disk is too small", async () => {
    await expect(requireSpace(models, 2 ** 52)).rejects.toThrow(
      /^The restore needs 4\.5 PB and .* has .*B free: /,
    );
  });

  it("ends with a sentence when the disk fills up meanwhile, and goes on when there is room", async (test) => {
    const disk = mount("tmpfs", ["-t", "tmpfs", "-o", "size=12m"], models);
    if (disk.reason !== undefined) {
      console.warn(`a disk that fills up is not tried: ${disk.reason}`);
      test.skip();
    }
    try {
      proxy.faults.push({ kind: "hold", afterBytes: 3 * MEGABYTE });
      const first = start(["restore", "--template", "big", "--parallel", "1"]);
      await vi.waitFor(() => expect(statSync(`${onDisk(LARGE)}.partial`).size).toBe(3 * MEGABYTE), {
        timeout: 10_000,
      });
      writeFileSync(path.join(models, "of-somebody-else"), randomBytes(6 * MEGABYTE));
      proxy.release();
      const [code] = await first.ended;
      expect(code).toBe(1);
      expect(first.stderr).toMatch(new RegExp(`✗ ${LARGE} can't be written: .*`));
      expect(existsSync(onDisk(LARGE))).toBe(false);

      rmSync(path.join(models, "of-somebody-else"));
      expect(await runModels(["restore"])).toMatchObject({ code: 0 });
      expect(readFileSync(onDisk(LARGE)).equals(large)).toBe(true);
      expect(proxy.served.get(LARGE)).toBeLessThan(2 * large.length);
    } finally {
      disk.unmount();
    }
  });

  it("verifies sizes and sums, and restores what is wrong", async () => {
    write(SMALL, small);
    const altered = Buffer.from(large);
    altered[5_000_000] = (altered[5_000_000] ?? 0) ^ 1;
    write(LARGE, altered);
    const wrong = await runModels(["verify"]);
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/^file +fault +found\n─.*\ncheckpoints\/large\S+ +wrong-sum +SHA/);
    truncateSync(onDisk(SMALL), 10);
    const shorter = await runModels(["verify", "--template", "little", "--json"]);
    expect(JSON.parse(shorter.stdout)).toEqual({
      directory: models,
      files: [{ path: SMALL, status: "wrong-size", detail: "10 bytes instead of 50000" }],
    });
    expect((await runModels(["restore", "--verify"])).stdout).toBe(
      "2 restored, 0 there, 0 failed\n",
    );
    expect(await runModels(["verify"])).toMatchObject({
      code: 0,
      stdout: "All 2 files are right.\n",
    });
  });

  it("backs up what the bucket lacks, in parts when it is large, and restores it again", async () => {
    const huge = randomBytes(70 * MEGABYTE);
    const HUGE = "loras/deep/huge.safetensors";
    manifest = writeManifest([entry(HUGE, huge), entry(SMALL, small)], {});
    write(HUGE, huge);
    write(SMALL, small);
    write("vae/unknown.safetensors", Buffer.from("an orphan"));
    write("vae/half.safetensors.partial", Buffer.from("half"));
    const prefix = { R2_PREFIX: "vault/models/" };
    const first = await runModels(["backup"], prefix);
    expect(first).toMatchObject({
      code: 0,
      stdout: "3 uploaded, 0 in the bucket already, 0 failed\n",
    });
    const second = await runModels(["backup"], prefix);
    expect(second.stdout).toBe("0 uploaded, 3 in the bucket already, 0 failed\n");

    rmSync(models, { recursive: true });
    mkdirSync(models);
    expect(await runModels(["restore"], prefix)).toMatchObject({ code: 0 });
    expect(readFileSync(onDisk(HUGE)).equals(huge)).toBe(true);
  });

  it("never uploads a damaged file over a good one", async () => {
    write(SMALL, small.subarray(0, 20));
    const { code, stderr } = await runModels(["backup"]);
    expect(code).toBe(1);
    expect(stderr).toContain("has 20 bytes instead of 50000: it is not uploaded");
    rmSync(onDisk(SMALL));
    expect(await runModels(["restore"])).toMatchObject({ code: 0 });
  });

  it("scans which templates can run, what they miss, and what nobody needs", async () => {
    write(SMALL, small);
    write("loras/old/unused.safetensors", Buffer.alloc(2500));
    write(`${LARGE}.partial`, Buffer.alloc(10));
    const { stdout, code } = await runModels(["scan", "--json"]);
    expect({ code, report: JSON.parse(stdout) as unknown }).toEqual({
      code: 0,
      report: {
        directory: models,
        templates: [
          { name: "big", runnable: false, missing: [LARGE] },
          { name: "little", runnable: true, missing: [] },
        ],
        present: [{ path: SMALL, sizeBytes: 50_000 }],
        orphans: [{ path: "loras/old/unused.safetensors", sizeBytes: 2500 }],
        orphanBytes: 2500,
        unfinished: [{ path: `${LARGE}.partial`, sizeBytes: 10 }],
      },
    });
    const text = (await runModels(["scan"])).stdout;
    expect(text).toMatch(/^big +no +checkpoints\/large\.safetensors$/m);
    expect(text).toContain("2.5 kB that no template needs:");
  });
});
