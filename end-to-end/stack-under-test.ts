/**
 * Brings a whole stack up for a test file, as an operator does: through the command line, with the
 * real engine, in a home of its own, so that nobody's stacks and state are touched. Its file is
 * written for it, with ports that are free.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { writeStackFile } from "./stack-file.ts";

const cli = fileURLToPath(new URL("../cli/comfymulti.mjs", import.meta.url));

/** A user's own backend or passphrase must not decide where the test's state goes. */
const FOREIGN = ["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];

const STACK = "tried";

/** The JSON of `comfymulti status --json`. */
const statusSchema = z.object({
  stack: z.string(),
  users: z.array(
    z.object({ id: z.string(), url: z.url(), link: z.url(), token: z.string().min(1) }),
  ),
  admin: z.object({ url: z.url(), token: z.string().min(1) }),
  services: z.array(
    z.object({ name: z.string(), status: z.string(), pid: z.int().positive().optional() }),
  ),
  workers: z.array(z.object({ name: z.string(), status: z.string(), simulated: z.boolean() })),
});
export type StackStatus = z.infer<typeof statusSchema>;
export type Participant = StackStatus["users"][number];

export interface StackUnderTest {
  /** As it was right after `up`. */
  readonly status: StackStatus;
  /** `COMFYMULTI_HOME` of this stack. */
  readonly home: string;
  /** Its name, for commands. */
  readonly name: string;
  /** Runs another command, `["status", stack.name]`; answers what it printed. */
  run(...command: string[]): Promise<string>;
  /** Takes it down with its data. Throws when a service outlives it. */
  down(): Promise<void>;
}

/**
 * @param settings Without the namespace; kind is local and ports are chosen unless they are given.
 * @throws with everything that the command printed; nothing is left behind then
 */
export async function bringUp(
  settings: Readonly<Record<string, string | number>> = {},
): Promise<StackUnderTest> {
  const stackName = STACK;
  const home = await mkdtemp(path.join(tmpdir(), "comfymulti-home-"));
  writeStackFile(home, stackName, { kind: "local", ...settings });
  const run = (...command: string[]) => runCli(home, command);
  const remove = async () => {
    await run("down", stackName, "--purge");
    await rm(home, { recursive: true, force: true });
  };
  try {
    await run("up", stackName);
    const status = statusSchema.parse(JSON.parse(await run("status", stackName, "--json")));
    const down = async () => {
      await remove();
      const alive = status.services.filter(({ pid }) => pid !== undefined && isAlive(pid));
      if (alive.length > 0) {
        throw new Error(`Still running after down: ${alive.map(({ name }) => name).join(", ")}`);
      }
    };
    return { status, home, name: stackName, run, down };
  } catch (error) {
    await remove();
    throw error;
  }
}

function runCli(home: string, command: readonly string[]): Promise<string> {
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name));
  const env = { ...Object.fromEntries(own), COMFYMULTI_HOME: home, COMFYMULTI_SETTINGS: home };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [cli, ...command], { env }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const told = `comfymulti ${command.join(" ")} failed:\n${stdout}\n${stderr}`;
      reject(new Error(told, { cause: error }));
    });
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
