/** `comfymulti`: the host's and the operator's tool, thin over the Automation API. */
import { Command, Option } from "commander";
import { SettingsError } from "../stacks/settings.ts";
import { SetupError } from "../tools/setup/setup-error.mjs";
import { printFault } from "../tools/setup/progress.mjs";
import { backup } from "./commands/backup.ts";
import { capture } from "./commands/capture.ts";
import { completionCommand } from "./commands/completion.ts";
import { costCommand } from "./commands/cost.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { down } from "./commands/down.ts";
import { environment } from "./commands/environment.ts";
import { imagesCommand } from "./commands/images.ts";
import { logsCommand } from "./commands/logs.ts";
import { participants } from "./commands/participants.ts";
import { rehearseCommand } from "./commands/rehearse.ts";
import { restore } from "./commands/restore.ts";
import { reviewCommand } from "./commands/review.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { simulate } from "./commands/simulate.ts";
import { start } from "./commands/start.ts";
import { status } from "./commands/status.ts";
import { teardownCommand } from "./commands/teardown.ts";
import { preview, up } from "./commands/up.ts";
import { upgradeCommand } from "./commands/upgrade.ts";
import { usersCommand } from "./commands/users.ts";
import { workflowsCheck } from "./commands/workflows-check.ts";
import { workflowsDiff } from "./commands/workflows-diff.ts";
import { workflowsMatrix } from "./commands/workflows-matrix.ts";
import { InterruptedError } from "./interrupted-error.ts";
import { VisibleError } from "./visible-error.ts";
import { formats } from "./workflows/check-report.ts";
import manifest from "../package.json" with { type: "json" };

const program = new Command("comfymulti")
  .description("ComfyUI for a workshop of many people on a few GPUs")
  .version(manifest.version);
const stackArgument = ["[stack]", "name of a Pulumi.<stack>.yaml", "local"] as const;

program
  .command("start")
  .description("bring a stack up, render a sample job and print everybody's links")
  .argument(...stackArgument)
  .action(start);
program
  .command("up")
  .description("bring a stack to what its settings say")
  .argument(...stackArgument)
  .action(async (stack: string) => void (await up(stack)));
program
  .command("preview")
  .description("show what up would change and what the policies say to it")
  .argument(...stackArgument)
  .action(preview);
program
  .command("status")
  .description("show what runs and everybody's links")
  .argument(...stackArgument)
  .option("--json", "as JSON, for programs", false)
  .action(status);
program
  .command("down")
  .alias("stop")
  .description("take a stack down; its data stays")
  .argument(...stackArgument)
  .option("--purge", "remove its data too: pictures, workflows, queue, logs", false)
  .action(down);
program
  .command("backup")
  .description("back up jobs, files, settings and state now")
  .argument(...stackArgument)
  .option("--access", "print what reading the backups needs, to keep it elsewhere", false)
  .option("--json", "as JSON, for programs", false)
  .action(backup);
program
  .command("restore")
  .description("get a backup back")
  .argument(...stackArgument)
  .option("--snapshot <id>", "which one", "latest")
  .option("--to <folder>", "into a new folder of this machine")
  .option("--list", "show the backups that are there", false)
  .option("--force", "stop what runs and take the place of its data", false)
  .option("--json", "as JSON, for programs", false)
  .action(restore);
program.addCommand(rehearseCommand());
program
  .command("capture")
  .description("take the node definitions of a running ComfyUI, so that its version can be judged")
  .argument("<url>", "its address, such as http://127.0.0.1:8188")
  .option("--force", "replace a capture of the same version that says something else", false)
  .action(capture);
const workflows = program
  .command("workflows")
  .description("whether graphs run on a version of ComfyUI, and what changes between two");
workflows
  .command("check")
  .description("hold graphs against a ComfyUI version; exit code 1 when one is refused")
  .argument(
    "[files...]",
    "graphs in JSON, of the editor or in API format, or folders of them; default: the templates",
  )
  .option("--worker <version>", "a captured version; default: the newest")
  .option("--object-info <file>", "what a running ComfyUI answers to GET /object_info")
  .option(
    "--from <version>",
    "version that the graphs were made with: links follow outputs that moved",
  )
  .option("--fix", "write those back that a migration heals", false)
  .addOption(new Option("--format <form>", "of the report").choices(formats).default("table"))
  .option("--json", "short for --format json", false)
  .action(workflowsCheck);
workflows
  .command("diff")
  .description(
    "what changes for graphs from one version to another; exit code 1 when something breaks",
  )
  .argument("<old>", "a captured version, or an object_info file")
  .argument("<new>", "the other one")
  .addOption(
    new Option(
      "--scope <scope>",
      "ui: graphs of the editor; api: of programs; saved: only what stored graphs use",
    )
      .choices(["ui", "api", "saved"])
      .default("ui"),
  )
  .option("--graphs <files...>", "with --scope saved: the stored graphs; default: the templates")
  .option("--allow <file>", "changes that are known to be harmless, with reason and expiry")
  .option("--json", "rows for programs", false)
  .action(workflowsDiff);
workflows
  .command("matrix")
  .description("which frontend goes with which worker, by the templates")
  .argument("[versions...]", "default: every captured version")
  .option("--json", "as JSON, for programs", false)
  .action(workflowsMatrix);
program.addCommand(simulate());
program.addCommand(reviewCommand());
program.addCommand(upgradeCommand());
program.addCommand(rollbackCommand());
program.addCommand(costCommand());
program.addCommand(doctorCommand());
program.addCommand(logsCommand());
program.addCommand(imagesCommand());
program.addCommand(usersCommand());
program.addCommand(participants());
program.addCommand(teardownCommand());
program.addCommand(completionCommand(program));
program
  .command("environment")
  .description('print what plain pulumi needs: eval "$(npx comfymulti environment)"')
  .action(environment);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
  const visible =
    error instanceof VisibleError ||
    error instanceof SettingsError ||
    error instanceof InterruptedError;
  if (visible) console.error(`\n${error.message}`);
  else if (error instanceof SetupError) printFault(error);
  else console.error(error);
}

function exitCode(error: unknown): number {
  return error instanceof InterruptedError ? 130 : 1;
}
