/** Prints what makes a shell complete this program's commands, options and stacks. */
import { Argument, Command } from "commander";
import { completionScript, shells, type Shell } from "../completion/scripts.ts";
import { placesOf } from "../completion/words.ts";

/** @param program With everything registered by the time that it runs. */
export const completionCommand = (program: Command): Command =>
  new Command("completion")
    .description(
      'print a shell\'s completion of these commands: eval "$(npx comfymulti completion bash)"',
    )
    .addArgument(new Argument("<shell>", "whose").choices(shells))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell, program.name(), placesOf(program)));
    });
