/**
 * `comfymulti-worker …`: what an operator does on the GPU machine, beside the worker that runs there.
 * Exit codes: 0 it is so, 1 it is not, 2 the command line is wrong, 78 the settings are wrong.
 */
import { Command, CommanderError } from "commander";
import { modelsCommand } from "./models-command.ts";
import { verifyDeploymentCommand } from "./verify-deployment-command.ts";
import { vramCommand } from "./vram-command.ts";
import { workflowsCommand } from "./workflows-command.ts";

const USAGE_EXIT_CODE = 2;

const program = new Command("comfymulti-worker")
  .description("The GPU worker's own commands. The worker itself is started by its container.")
  .showHelpAfterError("(--help lists the commands)");
const commands = [modelsCommand(), verifyDeploymentCommand(), vramCommand(), workflowsCommand()];
for (const command of commands) program.addCommand(command);
exitByOverride(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version are asked for; everything else that commander throws is a usage error.
  process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
}

/** Makes commander throw instead of ending the process, in subcommands too: exit code 1 means "no". */
function exitByOverride(command: Command): void {
  command.exitOverride();
  for (const each of command.commands) exitByOverride(each);
}
