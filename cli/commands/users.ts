/** Participants of a stack: their personal links, and who is one. */
import { Command, InvalidArgumentError } from "commander";
import { participantNames } from "../../stacks/plans.ts";
import { readPlatform } from "../platform.ts";
import { readSettings } from "../stack-settings.ts";
import { confirm } from "../upgrade/confirm.ts";
import { runCommand } from "../upgrade/run-command.ts";
import { changeStackFile, writeWhole } from "../upgrade/settings-file.ts";
import { added, fileChanges, removed, revoked, rotated, type People } from "../users/changes.ts";
import { linkSheet } from "../users/sheet.ts";
import { linksCsv, linksTable } from "../users/table.ts";
import { VisibleError } from "../visible-error.ts";
import { up } from "./up.ts";

interface ListFlags {
  /** Files to write. */
  readonly csv?: string;
  readonly sheet?: string;
  readonly json: boolean;
}

interface ChangeFlags {
  readonly all?: boolean;
  readonly yes: boolean;
}

const STACK = ["<stack>", "name of a Pulumi.<stack>.yaml"] as const;
const IDS = ["<participants...>", "such as user003"] as const;

/** `users`, with what belongs to it. */
export function usersCommand(): Command {
  const command = new Command("users").description("participants and their personal links");
  command
    .command("list", { isDefault: true })
    .description("everybody's link, as a table or in files")
    .argument(...STACK)
    .option("--csv <file>", "write them as CSV, for a mail merge")
    .option("--sheet <file.html>", "write cards with QR codes, to print on A4")
    .option("--json", "as JSON, for programs", false)
    .action(list);
  command
    .command("add")
    .description("more participants, each with a link of their own")
    .argument(...STACK)
    .argument("[count]", "how many", count, 1)
    .action((stack: string, more: number) => change(stack, (people) => added(people, more)));
  command
    .command("remove")
    .description("they are no participants any more; their files stay")
    .argument(...STACK)
    .argument(...IDS)
    .option("--yes", "do not ask", false)
    .action((stack: string, ids: string[], { yes }: ChangeFlags) =>
      change(stack, (people) => removed(people, ids), yes),
    );
  command
    .command("revoke")
    .description("their link and who is signed in by it get no further")
    .argument(...STACK)
    .argument(...IDS)
    .action((stack: string, ids: string[]) => change(stack, (people) => revoked(people, ids)));
  command
    .command("rotate")
    .description("a new link in place of the old one, which lets nobody in any more")
    .argument(...STACK)
    .argument("[participants...]", "such as user003")
    .option("--all", "everybody's", false)
    .option("--yes", "do not ask before everybody has to sign in anew", false)
    .action(rotate);
  return command;
}

function rotate(stack: string, ids: string[], { all, yes }: ChangeFlags): Promise<void> {
  if ((all === true) === ids.length > 0) {
    throw new VisibleError("Name the participants whose links are made anew, or give --all.");
  }
  const chosen = (people: People) => (all ? participantNames(people) : ids);
  return change(stack, (people) => rotated(people, chosen(people)), all ? yes : true);
}

async function list(stack: string, { csv, sheet, json }: ListFlags): Promise<void> {
  const { revokedUsers, projectName } = readSettings(stack);
  const { users } = await readPlatform(stack);
  if (csv !== undefined) write(csv, linksCsv(users));
  if (sheet !== undefined) write(sheet, await linkSheet(projectName, users));
  if (json) {
    const links = users.map(({ id, link }) => ({ id, link }));
    console.log(JSON.stringify({ stack, users: links, revoked: revokedUsers }, null, 2));
  } else if (csv === undefined && sheet === undefined) {
    console.log(linksTable(users, revokedUsers));
  }
}

/** Readable by its owner alone: whoever has a link is that participant. */
function write(file: string, text: string): void {
  try {
    writeWhole(file, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new VisibleError(`${file} can't be written (${reason}): choose another place.`);
  }
  console.error(`  ✓ ${file}`);
}

/**
 * Writes the stack's file and brings the stack to it. Gateways take the new list one after the other;
 * workers, running jobs and other people's links are not touched.
 *
 * @param isAgreed Without it the stack's name is asked for.
 */
async function change(
  stack: string,
  changed: (people: People) => People,
  isAgreed = true,
): Promise<void> {
  await runCommand(false, async ({ signal, tell }) => {
    const before = readSettings(stack);
    const changes = fileChanges(before, changed(before));
    if (Object.keys(changes).length > 0) {
      if (!isAgreed) await confirm(stack, signal);
      changeStackFile(stack, changes);
    }
    // Also where the file says it already: an update that was cut off is gone on with.
    await up(stack);
    const { users } = await readPlatform(stack);
    const concerned = idsIn(before, readSettings(stack));
    const links = users.filter(({ id }) => concerned.includes(id));
    if (links.length > 0) tell(`\n${linksTable(links, [])}`);
  });
}

/** Whose link is another one now. */
function idsIn(before: People, after: People): string[] {
  const there = participantNames(before);
  return participantNames(after).filter(
    (id) => !there.includes(id) || before.linkGenerations[id] !== after.linkGenerations[id],
  );
}

const MOST = 99;

function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > MOST) {
    throw new InvalidArgumentError(`Give a whole number from 1 to ${MOST}.`);
  }
  return value;
}
