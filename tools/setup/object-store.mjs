/**
 * The S3 server that the tests of the model commands talk to: versitygw, a single program that
 * checks signatures and keeps its objects as plain files. Built from its pinned Go module.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { which } from "./command.mjs";
import { buildGoModule, requireGo } from "./engine.mjs";
import { cacheDirectory, repository } from "./places.mjs";

const VERSION = "1.8.0";
const NAME = "versitygw";

/**
 * @param {(line: string) => void} report
 * @returns {Promise<{ value: string, note: string }>} path of the program
 */
export async function provideObjectStore(report) {
  const folder = path.join(cacheDirectory, "object-store", VERSION);
  for (const file of [path.join(folder, NAME), which(NAME)]) {
    if (file && existsSync(file)) return { value: file, note: file };
  }
  await requireGo("the tests of the model commands need an S3 server");
  report("building it from its Go module (a minute and a half on two cores)");
  const file = path.join(folder, NAME);
  const partial = `${file}.partial`;
  mkdirSync(folder, { recursive: true });
  try {
    await buildGoModule({
      folder: path.join(repository, "tools", "object-store"),
      target: "github.com/versity/versitygw/cmd/versitygw",
      versionSymbol: `main.Version=v${VERSION}`,
      output: partial,
    });
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
  return { value: file, note: `${VERSION} built in ${folder}` };
}
