import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, expect, it } from "vitest";
import type { FileSource } from "../files/source.ts";
import { verifyBundles, collectBundles } from "./collect.ts";
import { FolderStore } from "./folder-store.ts";
import { manifestSchema, type Bundle } from "./manifest.ts";
import { writeBundle } from "./write-bundle.ts";

const folder = mkdtempSync(path.join(tmpdir(), "teardown-bundle-"));
afterAll(() => rmSync(folder, { recursive: true }));
const sha256 = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");
const collectedAt = "2027-03-06T19:00:00.000Z";
const { signal } = new AbortController();

/** @param listed Length that the list says, where it is not the content's. */
const sourceOf = (files: Record<string, string>, listed?: number): FileSource => ({
  place: "a test",
  list: () =>
    Promise.resolve(
      Object.entries(files).map(([name, content]) => ({
        path: name,
        bytes: listed ?? Buffer.byteLength(content),
        modified: new Date(collectedAt),
      })),
    ),
  open: (_user, { path: name }) => Promise.resolve(Readable.from([files[name] ?? ""])),
});
const write = (source: FileSource, name: string) =>
  writeBundle({
    ...{ stack: "workshop", user: "user001", collectedAt, source, signal },
    file: path.join(folder, name),
  });

it("names every file with its size and sha256, in one order, and the zip's own", async () => {
  const files = { "workflows/größe.json": "{}", "outputs/b.png": "bbb", "outputs/a.txt": "" };
  const manifest = await write(sourceOf(files), "one.zip");
  expect(manifestSchema.parse(manifest).files).toEqual(
    (["outputs/a.txt", "outputs/b.png", "workflows/größe.json"] as const).map((name) => ({
      ...{ path: name, bytes: Buffer.byteLength(files[name]), sha256: sha256(files[name]) },
    })),
  );
  const zip = readFileSync(path.join(folder, "one.zip"));
  expect(manifest.zip).toEqual({ bytes: zip.length, sha256: sha256(zip) });
  const inside = execFileSync("python3", [
    ...["-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None;"],
    path.join(folder, "one.zip"),
  ]);
  expect(inside.toString()).toBe("");
});

it("is the same, byte for byte, when it is made again", async () => {
  const files = { "outputs/a.png": "a", "workflows/w.json": "{}" };
  const first = await write(sourceOf(files), "first.zip");
  expect(await write(sourceOf(files), "second.zip")).toEqual(first);
});

it("is not made of a file that is shorter than it was listed", async () => {
  await expect(write(sourceOf({ "outputs/a.png": "abc" }, 4), "short.zip")).rejects.toThrow(
    "outputs/a.png of user001 has 3 bytes and was listed with 4",
  );
  expect(existsSync(path.join(folder, "short.zip"))).toBe(false);
});

it.each(["at once", "in the middle"])("is not made when a file can't be read, %s", async (when) => {
  const source = sourceOf({ "outputs/a.png": "abc" });
  const content = () => {
    if (when === "at once") return Promise.reject(new Error("the disk is broken"));
    const broken = new Readable({ read: () => undefined });
    broken.push("a");
    setImmediate(() => broken.destroy(new Error("the disk is broken")));
    return Promise.resolve(broken);
  };
  await expect(write({ ...source, open: content }, "broken.zip")).rejects.toThrow("disk is broken");
  expect(existsSync(path.join(folder, "broken.zip"))).toBe(false);
});

it("is verified by reading it back: another size, other bytes and none at all are told", async () => {
  const store = new FolderStore(path.join(folder, "store"));
  const bundles: Bundle[] = [];
  await collectBundles({
    ...{ stack: "workshop", users: ["user001", "user002", "user003"], collectedAt, store, signal },
    ...{ source: sourceOf({ "outputs/a.png": "abc" }), prefix: "run/", workDirectory: folder },
    stored: {},
    onStored: (bundle) => Promise.resolve(void bundles.push(bundle)),
    at: () => undefined,
    tell: () => undefined,
  });
  const verify = () => verifyBundles({ bundles, store, signal, at: () => undefined });
  expect(await verify()).toEqual(new Map());
  const zip = readFileSync(path.join(store.place, "run/user001.zip"), "latin1");
  await store.putText("run/user001.zip", `${zip}x`);
  await store.putText("run/user002.manifest.json", "{}");
  rmSync(path.join(store.place, "run/user003.zip"));
  const faults = await verify();
  expect([...faults.keys()]).toEqual(["user001", "user002", "user003"]);
  expect(faults.get("user001")).toMatch(/^run\/user001\.zip has \d+ bytes, and \d+ were sent$/);
  expect(faults.get("user003")).toBe("run/user003.zip is not there any more");
});

it("is stored in no place outside the store's folder", async () => {
  const store = new FolderStore(path.join(folder, "store"));
  const stored = store.putText("../elsewhere.txt", "x");
  await expect(stored).rejects.toThrow("leads out of the folder");
});
