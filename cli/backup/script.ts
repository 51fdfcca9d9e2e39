/** Runs the backup script on this machine. */
import path from "node:path";
import { repository } from "../../components/installation.ts";
import { VisibleError } from "../visible-error.ts";
import { run, type Ended } from "./run.ts";

const script = path.join(repository, "services", "backup", "backup.sh");

export async function runScript(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  return await run("bash", [script, ...args], { env: environment });
}

/** What it printed. @throws VisibleError with its last sentence */
export function requireSuccess({ code, stdout, stderr }: Ended): string {
  if (code === 0) return stdout;
  const sentence = stderr.trim().split("\n").at(-1) ?? "";
  throw new VisibleError(sentence === "" ? `The backup program ended with ${code}.` : sentence);
}
