/** The result of a check in the forms that people and CI systems read. */
import Table from "cli-table3";
import pc from "picocolors";
import type { GraphCheck } from "@comfymulti/workflows";

export interface CheckedFile extends Omit<GraphCheck, "fixed"> {
  readonly file: string;
  /** Written back, healed. */
  readonly fixed: boolean;
}

export interface CheckReport {
  /** What the graphs were held against. */
  readonly against: string;
  readonly files: readonly CheckedFile[];
  /** JSON files of the folders that are no graphs. */
  readonly skipped: number;
}

export const formats = ["table", "json", "sarif", "junit"] as const;
export type Format = (typeof formats)[number];

export const render = (report: CheckReport, format: Format): string => renderers[format](report);

const renderers: Readonly<Record<Format, (report: CheckReport) => string>> = {
  table: asTable,
  json: (report) => JSON.stringify(report, null, 2),
  sarif: (report) => JSON.stringify(asSarif(report), null, 2),
  junit: asJunit,
};

const words: Readonly<Record<GraphCheck["verdict"], string>> = {
  ok: pc.green("runs"),
  "needs-migration": pc.yellow("needs migration"),
  invalid: pc.red("refused"),
};

/** What is left to do, a sentence each. */
const sentences = ({ verdict, problems, changes }: CheckedFile): readonly string[] =>
  verdict === "needs-migration" ? changes : problems.map(problemText);

const problemText = ({ nodeId, nodeType, message }: CheckedFile["problems"][number]): string =>
  nodeId === undefined ? message : `Node ${nodeId} (${nodeType ?? "unknown"}): ${message}`;

function asTable({ against, files, skipped }: CheckReport): string {
  const table = new Table({
    head: ["graph", against, "what to do"],
    style: { head: [], border: [] },
    colWidths: [null, null, 80],
    wordWrap: true,
  });
  for (const file of files) {
    const state = file.fixed ? pc.green("migrated") : words[file.verdict];
    const notes = file.notes.map((note) => pc.dim(`Note: ${problemText(note)}`));
    table.push([file.file, state, [...sentences(file), ...notes].join("\n")]);
  }
  const rest = skipped === 0 ? "" : `\n${skipped} other JSON files are no graphs.`;
  return table.toString() + rest;
}

/** SARIF 2.1.0, as code scanning reads it. */
function asSarif({ against, files }: CheckReport): object {
  const rule = (id: string, text: string) => ({ id, shortDescription: { text } });
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "comfymulti workflows check",
            rules: [
              rule("needs-migration", `Refused by ${against} as it is; --fix heals it`),
              rule("invalid", `Refused by ${against}`),
            ],
          },
        },
        results: files
          .filter(({ verdict, fixed }) => verdict !== "ok" && !fixed)
          .map((file) => ({
            ruleId: file.verdict,
            level: file.verdict === "invalid" ? "error" : "warning",
            message: { text: sentences(file).join("\n") },
            locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file.file) } } }],
          })),
      },
    ],
  };
}

const uriOf = (file: string): string => file.split("/").map(encodeURIComponent).join("/");

function asJunit({ against, files }: CheckReport): string {
  const failing = files.filter(({ verdict, fixed }) => verdict !== "ok" && !fixed);
  const cases = files.map((file) => {
    const head = `    <testcase classname="${xml(against)}" name="${xml(file.file)}"`;
    if (!failing.includes(file)) return `${head}/>`;
    const text = xml(sentences(file).join("\n"));
    return `${head}>\n      <failure type="${file.verdict}" message="${xml(file.verdict)}">${text}</failure>\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${files.length}" failures="${failing.length}">`,
    `  <testsuite name="comfymulti workflows check" tests="${files.length}" failures="${failing.length}">`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
  ].join("\n");
}

/** XML 1.0 has no place for control characters, escaped or not. */
const xml = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "�")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\n", "&#10;");
