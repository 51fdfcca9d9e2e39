import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { placeEditorFiles } from "../src/index.ts";

const SCRIPT = "export const answer = 42;\n".repeat(200);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "comfymulti-editor-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function bundle(files: Readonly<Record<string, string>>) {
  const bundleDirectory = path.join(folder, "static");
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(bundleDirectory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return {
    bundleDirectory,
    editorDirectory: path.join(folder, "editor"),
    editorVersion: "1.37.11",
  };
}

test("only files whose name has a hash are there to be asked for, compressed where it helps", async () => {
  const options = await bundle({
    "index.html": "<html>",
    "user.css": "body{}",
    "assets/index-BFHZsBkN.js": SCRIPT,
    "assets/index-BFHZsBkN.js.map": "{}",
    "assets/small-AAAAAAA1.css": "a{}",
    "assets/picture-AAAAAAA2.png": "not compressed".repeat(500),
    "assets/images/logo-AAAAAAA3.png": "in a folder",
    "assets/plain.js": SCRIPT,
  });
  const target = await placeEditorFiles(options);
  expect((await readdir(target, { recursive: true })).sort()).toEqual([
    "assets",
    "assets/index-BFHZsBkN.js",
    "assets/index-BFHZsBkN.js.gz",
    "assets/picture-AAAAAAA2.png",
    "assets/small-AAAAAAA1.css",
  ]);
  const packed = await readFile(path.join(target, "assets/index-BFHZsBkN.js.gz"));
  expect(gunzipSync(packed).toString()).toBe(SCRIPT);
  expect(await readdir(options.editorDirectory)).toEqual(["1.37.11"]);
});

test("a version that is there is left as it is", async () => {
  const options = await bundle({ "assets/index-BFHZsBkN.js": SCRIPT });
  const file = path.join(await placeEditorFiles(options), "assets/index-BFHZsBkN.js");
  const before = await stat(file);
  await placeEditorFiles(options);
  expect((await stat(file)).ctimeMs).toBe(before.ctimeMs);
});

test("a folder that is no bundle is named in one sentence, and nothing is left behind", async () => {
  const options = await bundle({ "index.html": "<html>" });
  await expect(placeEditorFiles(options)).rejects.toThrow(/no hashed files in .*static\/assets/);
  expect(await readdir(options.editorDirectory)).toEqual([]);
});
