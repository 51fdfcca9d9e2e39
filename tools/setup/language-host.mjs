/**
 * The Node.js language host, for the one test that runs the program by plain `pulumi up`.
 * A standard installation of Pulumi has it; a built engine has not, and the module proxy refuses
 * every release after the last one that still held it (3.68.0), which still serves engine 3.259.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { which } from "./command.mjs";
import { buildGoModule, requireGo } from "./engine.mjs";
import { cacheDirectory, repository } from "./places.mjs";

const VERSION = "3.68.0";
const NAME = "pulumi-language-nodejs";
const MODULE = "github.com/pulumi/pulumi/sdk/v3";

/**
 * @param {string} engine path of the engine
 * @param {(line: string) => void} report
 * @returns {Promise<{ value: string, note: string }>} folder that holds the language host
 */
export async function provideLanguageHost(engine, report) {
  const beside = path.join(path.dirname(engine), NAME);
  const onPath = which(NAME);
  for (const file of [beside, onPath]) {
    if (file && existsSync(file)) return { value: path.dirname(file), note: file };
  }
  const folder = path.join(cacheDirectory, "language-host", VERSION);
  const file = path.join(folder, NAME);
  if (existsSync(file)) return { value: folder, note: `${VERSION} at ${file}` };

  await requireGo("this engine came without its Node.js language host, which one test needs");
  report("building it from its Go module (half a minute)");
  const partial = `${file}.partial`;
  mkdirSync(folder, { recursive: true });
  try {
    await buildGoModule({
      folder: path.join(repository, "tools", "language-host"),
      target: `${MODULE}/nodejs/cmd/pulumi-language-nodejs`,
      versionSymbol: `${MODULE}/go/common/version.Version=v${VERSION}`,
      output: partial,
    });
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
  return { value: folder, note: `${VERSION} built in ${folder}` };
}
