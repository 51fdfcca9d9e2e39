/** The stack's state as the engine keeps it: every secret in it stays encrypted. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { engineEnvironment } from "../engine/environment.ts";
import { findStack } from "../engine/stack.ts";
import { VisibleError } from "../visible-error.ts";
import { run } from "./run.ts";

/** @returns undefined when there is no such stack */
export async function readStackState(stackName: string): Promise<string | undefined> {
  const stack = await findStack(stackName);
  return stack && (await exportEncrypted(stack, engineEnvironment()));
}

/**
 * `exportStack` of the Automation API decrypts, so the engine is asked itself.
 *
 * @param environment Of the engine: backend and passphrase.
 */
export async function exportEncrypted(
  { name, workspace }: Stack,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const { code, stdout, stderr } = await run(
    workspace.pulumiCommand.command,
    ["stack", "export", "--non-interactive", "--stack", name, "--cwd", workspace.workDir],
    { env: environment },
  );
  if (code === 0) return stdout;
  throw new VisibleError(
    `The state of stack ${name} can't be exported: ${stderr.trim().split("\n").at(-1) ?? ""}`,
  );
}
