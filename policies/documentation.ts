/**
 * Writes docs/policies.md from the rules themselves: `node policies/documentation.ts`. A test fails
 * when that page is not what this gives.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { stackKinds } from "../components/declaration/declaration.ts";
import { brokenExamples, stackExamples, type Example } from "./examples/index.ts";
import { reportsOf } from "./examples/run-rule.ts";
import { levelsOf } from "./levels.ts";
import { rules } from "./rules/index.ts";

export const documentationFile = fileURLToPath(new URL("../docs/policies.md", import.meta.url));

const INTRODUCTION = `<!-- Written by policies/documentation.ts: change the rules, not this page. -->

# Policies

The rules that every \`preview\` and \`up\` has to pass, before anything is started or rented. A
mandatory rule stops the operation; an advisory one is told; a disabled one is not looked at. How to
run them by hand, change a level or add a rule: [policies/README.md](../policies/README.md).
`;

/** The page, formatted. */
export async function renderDocumentation(): Promise<string> {
  const sections = await Promise.all(rules.map(({ name }) => renderRule(name)));
  const text = [INTRODUCTION, renderTable(), "## What each says", ...sections].join("\n\n");
  return format(text, { ...(await resolveConfig(documentationFile)), parser: "markdown" });
}

function renderTable(): string {
  const levels = stackKinds.map((kind) => levelsOf(kind));
  const rows = rules.map(({ name, description }) => [
    `[${name}](#${name})`,
    description,
    ...levels.map((column) => column[name] ?? ""),
  ]);
  const head = ["rule", "what it checks", ...stackKinds];
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** What the rule says to its first broken example. */
async function renderRule(name: string): Promise<string> {
  const [message = ""] = await reportsOf(name, ...brokenExample(name));
  return [`### ${name}`, `\`\`\`text\n${message}\n\`\`\``].join("\n\n");
}

function brokenExample(name: string): Example[] {
  const stack = stackExamples[name]?.broken;
  return stack ? [...stack] : brokenExamples(name).slice(0, 1);
}

export const readDocumentation = (): Promise<string> => readFile(documentationFile, "utf8");

if (import.meta.main) await writeFile(documentationFile, await renderDocumentation());
