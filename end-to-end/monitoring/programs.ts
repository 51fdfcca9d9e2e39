/** The monitoring's programs as the component declares them, run as processes of this machine. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import type { ResolvedServiceSpec } from "../../components/hosts/index.ts";
import { ready } from "../../bench/platform/listening.ts";

/** Names that the images have, and those of Debian's packages. Grafana is in no package of Debian. */
const debianPackages = {
  prometheus: "prometheus",
  alertmanager: "prometheus-alertmanager",
  node_exporter: "prometheus-node-exporter",
  redis_exporter: "prometheus-redis-exporter",
  blackbox_exporter: "prometheus-blackbox-exporter",
} as const;

const found = Object.entries(debianPackages).map(([name, debianPackage]) => ({
  name,
  debianPackage,
  file: onPath(name) ?? onPath(debianPackage),
}));

/** Debian packages that are not on this machine. */
export const missingPackages = found
  .filter(({ file }) => file === undefined)
  .map(({ debianPackage }) => debianPackage);

export interface RunningPrograms {
  close(): Promise<void>;
}

/**
 * Starts them, and waits until each is well by its own health check.
 *
 * @param folder for the names under which they are started
 * @param more variables that this machine needs besides
 */
export async function startPrograms(
  specs: readonly ResolvedServiceSpec[],
  folder: string,
  more: Readonly<Record<string, string>>,
): Promise<RunningPrograms> {
  await mkdir(folder);
  for (const { name, file } of found) if (file) await symlink(file, path.join(folder, name));
  const PATH = [folder, process.env["PATH"] ?? ""].join(path.delimiter);
  const children: ChildProcess[] = [];
  for (const spec of specs) {
    for (const directory of spec.directories) await mkdir(directory, { recursive: true });
    const [program = "", ...given] = spec.command;
    const child = spawn(program, given, {
      cwd: spec.workingDirectory,
      env: { PATH, ...more, ...spec.environment, ...spec.secretEnvironment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.push(child);
    await well(spec, child);
  }
  return {
    close: async () => {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill("SIGTERM");
          await once(child, "exit");
        }),
      );
    },
  };
}

/** @throws with what the program said, when it ends before it is well */
async function well({ health, command }: ResolvedServiceSpec, child: ChildProcess): Promise<void> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-5000);
  });
  if (health.kind !== "http") throw new Error("each of them answers HTTP");
  const ended = once(child, "exit").then(() => {
    throw new Error(`${command.join(" ")} ended: ${said}`);
  });
  await Promise.race([ready(health.url), ended]);
  ended.catch(() => undefined);
}

function onPath(program: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .map((folder) => path.join(folder, program))
    .find(existsSync);
}
