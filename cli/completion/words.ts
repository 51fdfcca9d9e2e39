/** What can be typed, read from the commander program, so that it can't disagree with it. */
import type { Argument, Command, Option } from "commander";

export interface Choice {
  readonly word: string;
  readonly description: string;
}

export interface Flag extends Choice {
  /** `-n` of `--lines`. */
  readonly short?: string;
  /** Another word follows: one of these, else anything. */
  readonly value?: readonly string[];
}

/** Words that may come after the words of `path`. */
export interface Place {
  /** Without the program's name: `["users", "rotate"]`. */
  readonly path: readonly string[];
  readonly commands: readonly Choice[];
  readonly flags: readonly Flag[];
  /** The first argument is a stack. */
  readonly takesStack: boolean;
  /** Words that its arguments can be. */
  readonly choices: readonly string[];
}

/** The program's own place first. */
export function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const commands = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== "help");
  // What is said without a subcommand goes to the default one: `users STACK`.
  const own = [command, ...commands.filter((one) => isDefault(command, one))];
  const place: Place = {
    path,
    commands: commands.flatMap((one) =>
      [one.name(), ...one.aliases()].map((word) => ({ word, description: sentence(one) })),
    ),
    flags: own.flatMap((one) => one.createHelp().visibleOptions(one).map(flagOf)),
    takesStack: own.some((one) => one.registeredArguments[0]?.name() === "stack"),
    choices: own.flatMap((one) => one.registeredArguments.flatMap(choicesOf)),
  };
  const inner = commands.flatMap((one) =>
    [one.name(), ...one.aliases()].flatMap((word) => placesOf(one, [...path, word])),
  );
  return [{ ...place, flags: once(place.flags) }, ...inner];
}

/** commander keeps it to itself. */
const isDefault = (parent: Command, command: Command): boolean =>
  (parent as unknown as { _defaultCommandName?: string })._defaultCommandName === command.name();

const choicesOf = ({ argChoices = [] }: Argument): readonly string[] => argChoices;

const flagOf = ({ long, short, description, required, optional, argChoices }: Option): Flag => ({
  word: long ?? short ?? "",
  ...(long && short ? { short } : {}),
  ...(required || optional ? { value: argChoices ?? [] } : {}),
  description: firstClause(description),
});

const once = (flags: readonly Flag[]): Flag[] => [
  ...new Map(flags.map((flag) => [flag.word, flag])).values(),
];

const sentence = (command: Command): string =>
  firstClause(command.summary() || command.description());
/** Menus have room for a few words. */
const firstClause = (text: string): string => text.split(/[;:](?=\s|$)/)[0] ?? "";
