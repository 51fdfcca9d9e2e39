import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Argument, Command, Option } from "commander";
import { afterAll, describe, expect, test } from "vitest";
import { completionCommand } from "../commands/completion.ts";
import { costCommand } from "../commands/cost.ts";
import { usersCommand } from "../commands/users.ts";
import { completionScript, shells } from "./scripts.ts";
import { placesOf } from "./words.ts";

const program = new Command("comfymulti");
program.addCommand(usersCommand());
program.addCommand(costCommand());
program.addCommand(completionCommand(program));
program
  .command("paint")
  .description("with a colour; it's an example")
  .addArgument(new Argument("<what>").choices(["door", "wall"]))
  .addOption(new Option("-c, --colour <colour>", "which").choices(["red", "blue"]))
  .option("--hidden-from-nobody", "yes")
  .action(() => undefined);
program
  .command("down")
  .alias("stop")
  .argument("[stack]")
  .action(() => undefined);
const places = placesOf(program);

const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-completion-"));
writeFileSync(path.join(folder, "Pulumi.workshop.yaml"), "");
writeFileSync(path.join(folder, "Pulumi.berlin.yaml"), "");
afterAll(() => rmSync(folder, { recursive: true }));

describe("bash", () => {
  const script = path.join(folder, "completion.bash");
  writeFileSync(script, completionScript("bash", "comfymulti", places));

  /** What a press of the tabulator offers after these words. */
  function offered(...words: string[]): string[] {
    const ask = `source "$0"; COMP_WORDS=(comfymulti "$@"); COMP_CWORD=$#; _comfymulti; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { ...process.env, COMFYMULTI_SETTINGS: folder };
    const out = execFileSync("bash", ["-c", ask, script, ...words], { env, encoding: "utf8" });
    return out.split("\n").filter((word) => word !== "");
  }

  test("offers commands and their other names", () => {
    expect(offered("")).toEqual(
      expect.arrayContaining(["users", "cost", "completion", "paint", "down", "stop"]),
    );
    expect(offered("co")).toEqual(["cost", "completion"]);
  });

  test("offers stacks where one is asked for", () => {
    expect(offered("down", "b")).toEqual(["berlin"]);
    expect(offered("cost", "")).toEqual(expect.arrayContaining(["workshop", "berlin", "--json"]));
    expect(offered("paint", "")).not.toContain("workshop");
  });

  test("offers subcommands, and what goes without one", () => {
    expect(offered("users", "r")).toEqual(["remove", "revoke", "rotate"]);
    expect(offered("users", "workshop", "--s")).toEqual(["--sheet"]);
    expect(offered("users", "rotate", "--a")).toEqual(["--all"]);
  });

  test("offers an option's words after it, and an argument's", () => {
    expect(offered("paint", "--colour", "r")).toEqual(["red"]);
    expect(offered("paint", "-c", "")).toEqual(["red", "blue"]);
    expect(offered("paint", "d")).toEqual(["door"]);
    expect(offered("completion", "z")).toEqual(["zsh"]);
    expect(offered("cost", "workshop", "--hours", "")).toEqual([]);
  });
});

test.each(shells)("every command and option is in %s's script", (shell) => {
  const script = completionScript(shell, "comfymulti", places);
  for (const { commands, flags } of places) {
    for (const { word } of [...commands, ...flags]) {
      expect(script).toContain(shell === "fish" ? word.replace(/^--?/, "") : word);
    }
  }
});

test.for(shells)("%s itself finds no fault in its script", (shell, { skip }) => {
  const isThere = spawnSync(shell, ["-c", "exit"]).status === 0;
  skip(!isThere, `${shell} is not on this machine`);
  const file = path.join(folder, `checked.${shell}`);
  writeFileSync(file, completionScript(shell, "comfymulti", places));
  const { status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
