/**
 * `npm start` as a new machine meets it: a copy of this checkout without dependencies, empty caches
 * of npm and of the project. What the system's package manager brings (Redis) stays installed. Takes
 * minutes and the network.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { repository } from "../../components/installation.ts";
import { cacheDirectory } from "../../stacks/places.ts";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { stepFigures } from "../platform/start-steps.ts";
import { TemporaryStack } from "../platform/temporary-stack.ts";

export const coldStart: Benchmark = {
  name: "cold-start",
  about: "npm start from nothing but this machine's engine (minutes, network)",
  onlyWhenNamed: true,
  run: (scope) => measure(scope, { buildEngine: false }),
};

export const coldStartWithEngine: Benchmark = {
  name: "cold-start-with-engine",
  about: "npm start from nothing, the engine too (10 minutes, network, 3 GB of disk)",
  onlyWhenNamed: true,
  run: (scope) => measure(scope, { buildEngine: true }),
};

async function measure(scope: Scope, { buildEngine }: { buildEngine: boolean }): Promise<Figure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-bench-cold-"));
  scope.defer(() => removeAll(folder));
  const checkout = path.join(folder, "checkout");
  copySources(checkout);
  const stack = new TemporaryStack("local", scope);
  const environment = {
    ...stack.environment,
    PATH: systemPath({ withEngine: !buildEngine }),
    COMFYMULTI_CACHE: path.join(folder, "cache"),
    npm_config_cache: path.join(folder, "npm"),
    ...(buildEngine && {
      GOPATH: path.join(folder, "go"),
      GOCACHE: path.join(folder, "go-build"),
    }),
  };
  const run = await stack.run(["npm", "start"], checkout, environment);
  // By the copy itself: its sources and its cache are what runs.
  await stack.run(["npm", "stop"], checkout, environment);
  return stepFigures("cold", [run]);
}

/** What git would carry to another machine, with what is not committed yet. */
function copySources(target: string): void {
  const files = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--deduplicate"],
    { cwd: repository, encoding: "utf8" },
  );
  for (const file of files.split("\0").filter(Boolean)) {
    mkdirSync(path.join(target, path.dirname(file)), { recursive: true });
    copyFileSync(path.join(repository, file), path.join(target, file));
  }
}

/** PATH without the project's own Node, which set-up put in front, and with or without its engine. */
function systemPath({ withEngine }: { withEngine: boolean }): string {
  const engines = path.join(cacheDirectory, "engine");
  return (process.env.PATH ?? "")
    .split(path.delimiter)
    .filter(
      (folder) => !folder.startsWith(cacheDirectory) || (withEngine && folder.startsWith(engines)),
    )
    .join(path.delimiter);
}

/** Go writes its module cache read-only. */
function removeAll(folder: string): void {
  execFileSync("chmod", ["-R", "u+w", folder]);
  rmSync(folder, { recursive: true, force: true });
}
