/** Where things are, and the pinned versions that set-up works with. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** The repository's root. */
export const repository = path.resolve(import.meta.dirname, "..", "..");

/** What belongs to this checkout alone: stacks' state, data, logs. Ignored by git. */
export const workDirectory = process.env.COMFYMULTI_HOME ?? path.join(repository, ".comfymulti");

/**
 * What later runs and other checkouts reuse: Node, the engine, frontend bundles.
 * `COMFYMULTI_CACHE` moves it; default `$XDG_CACHE_HOME/comfymulti` or `~/.cache/comfymulti`.
 */
export const cacheDirectory =
  process.env.COMFYMULTI_CACHE ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "comfymulti");

/**
 * Environment by which each program of ours, the engine's too, keeps its compiled code: a command
 * starts a handful of Node processes that load the same libraries (a fifth of a preview's time).
 */
export const compiledCode = {
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(cacheDirectory, "compiled"),
};

/** Node that everything but set-up itself runs on (`.nvmrc`). */
export const nodeVersion = readFileSync(path.join(repository, ".nvmrc"), "utf8").trim();

/** The engine is always of the SDK's version, so that the two never disagree. */
export const engineVersion = JSON.parse(readFileSync(path.join(repository, "package.json"), "utf8"))
  .dependencies["@pulumi/pulumi"];
