/**
 * Provides the Pulumi engine: the machine's own if it is new enough, else the official installer,
 * else a build from the engine's own Go module (some networks reach package registries only).
 *
 * A built engine has no language host and no analyzer host beside it. `comfymulti` needs neither
 * (Automation API, inline program; policy packs through `tools/engine/bin`). Plain `pulumi up`
 * needs a standard installation.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from "node:fs";
import path from "node:path";
import { atLeast, run, which } from "./command.mjs";
import { cacheDirectory, engineVersion, repository } from "./places.mjs";
import { SetupError } from "./setup-error.mjs";

const MODULE = "github.com/pulumi/pulumi";
const INSTALLER = "https://get.pulumi.com/install.sh";
/** Sources, build cache and binary: 2.1 GB were measured, and Go fails in odd ways on a full disk. */
const BUILD_NEEDS_BYTES = 3e9;
/** Go older than this can't fetch the toolchain that go.mod asks for. */
const OLDEST_GO = "1.21";

const home = path.join(cacheDirectory, "engine", engineVersion);
const binary = (root) => path.join(root, "bin", "pulumi");

async function versionOf(file) {
  const result = await run(file, ["version"], {
    env: { PULUMI_SKIP_UPDATE_CHECK: "1" },
    timeoutSeconds: 60,
  });
  return result.code === 0 ? result.stdout.trim().replace(/^v/, "") : undefined;
}

/**
 * The engine that is there already: on PATH or in the cache.
 *
 * @returns {Promise<{ file: string, version: string } | undefined>}
 */
export async function findEngine() {
  const onPath = which("pulumi");
  for (const file of [onPath, binary(home)]) {
    if (!file || !existsSync(file)) continue;
    const version = await versionOf(file);
    if (version && atLeast(version, engineVersion)) return { file, version };
  }
  return undefined;
}

/** @param {(line: string) => void} report */
export async function provideEngine(report) {
  const found = await findEngine();
  if (found) return { value: found.file, note: `${found.version} at ${found.file}` };

  const partial = `${home}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(path.join(partial, "bin"), { recursive: true });
  try {
    const how = (await install(partial, report)) ? "installed" : await build(partial, report);
    rmSync(home, { recursive: true, force: true });
    renameSync(partial, home);
    return { value: binary(home), note: `${engineVersion} ${how} in ${home}` };
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** The official installer. False when the vendor's host is out of reach or the download is cut off. */
async function install(root, report) {
  let script;
  try {
    const answer = await fetch(INSTALLER, { signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) return false;
    script = await answer.text();
  } catch {
    report("the official installer is out of reach");
    return false;
  }
  report("running the official installer (about a minute)");
  const result = await run(
    "sh",
    [
      ...["-c", script, "install.sh", "--no-edit-path"],
      ...["--install-root", root, "--version", engineVersion],
    ],
    { timeoutSeconds: 600 },
  );
  if (result.code === 0 && (await versionOf(binary(root))) === engineVersion) return true;
  report("the official installer failed");
  return false;
}

async function build(root, report) {
  await requireGo(`the Pulumi engine ${engineVersion} could not be downloaded`);
  requireSpace(cacheDirectory);
  report("building it from its own Go module (5 minutes on two cores, once per machine)");
  await buildGoModule({
    folder: path.join(repository, "tools", "engine"),
    target: `${MODULE}/pkg/v3/cmd/pulumi`,
    versionSymbol: `${MODULE}/sdk/v3/go/common/version.Version=v${engineVersion}`,
    output: binary(root),
  });
  if ((await versionOf(binary(root))) !== engineVersion) {
    throw new SetupError(
      `The engine that was built does not say it is ${engineVersion}: remove ${home} and run the same command again.`,
    );
  }
  return "built";
}

/** Builds one pinned Go program. Interrupted, it goes on from Go's own build cache the next time. */
export async function buildGoModule({ folder, target, versionSymbol, output }) {
  const result = await run(
    "go",
    ["build", "-trimpath", "-ldflags", `-s -w -X ${versionSymbol}`, "-o", output, target],
    { cwd: folder, env: { GOFLAGS: "-mod=readonly" }, timeoutSeconds: 3600 },
  );
  if (result.code !== 0) {
    throw new SetupError(
      `Building ${target} failed: check the network and the free disk space and run the same command again (it goes on where it stopped), or install Pulumi ${engineVersion} yourself (https://www.pulumi.com/docs/install/).`,
      { log: result.tail },
    );
  }
}

/** @param {string} why first half of the sentence that asks for Go */
export async function requireGo(why) {
  const version = /go(\d+\.\d+(\.\d+)?)/.exec((await run("go", ["version"])).stdout)?.[1];
  if (version && atLeast(version, OLDEST_GO)) return;
  throw new SetupError(
    `${why}, and building it needs Go ${OLDEST_GO} or newer (${version ? `here is ${version}` : "there is none here"}): install Pulumi ${engineVersion} (https://www.pulumi.com/docs/install/) or Go (https://go.dev/dl/) and run the same command again.`,
  );
}

function requireSpace(folder) {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= BUILD_NEEDS_BYTES) return;
  const gigabytes = (bytes) => (bytes / 1e9).toFixed(1);
  throw new SetupError(
    `Building the engine needs ${gigabytes(BUILD_NEEDS_BYTES)} GB of disk and ${folder} has ${gigabytes(free)} GB: free some, or point COMFYMULTI_CACHE (and GOPATH, GOCACHE) at a larger disk, and run the same command again.`,
  );
}
