/** Prometheus' and Alertmanager's own checkers. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const missing = [
  ["promtool", "prometheus"],
  ["amtool", "prometheus-alertmanager"],
].flatMap(([program = "", debianPackage]) =>
  onPath(program) ? [] : [`${program} (sudo apt-get install ${debianPackage})`],
);

/** Why the checkers can't be used on this machine; undefined where they can. */
export const reason =
  missing.length > 0 ? `skipped: this machine lacks ${missing.join(" and ")}` : undefined;

/**
 * Runs a program in a folder with these files.
 * @returns what it printed
 * @throws Error with what it printed, when it finds a fault
 */
export async function check(
  files: Readonly<Record<string, string>>,
  program: string,
  ...given: readonly string[]
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-monitoring-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(path.join(folder, name), text);
    }
    const { stdout } = await promisify(execFile)(program, given, { cwd: folder });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program}: ${stdout}${stderr}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, program)));
}
