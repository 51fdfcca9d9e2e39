/** The review as one Markdown file, for a pull request. */
import type { PairCell } from "@comfymulti/workflows";
import { reasonsOf } from "../../policies/compatibility.ts";
import { noticeText, notices, type ResourceChange } from "./changes.ts";
import type { DefinitionChanges } from "./definitions.ts";
import type { PhaseInterruption } from "./interruption.ts";
import type { ReviewedPreview } from "./preview.ts";
import type { GraphVerdict, WorkerVersions } from "./stored-graphs.ts";
import type { Verdict } from "./verdict.ts";
import type { WayBack } from "./way-back.ts";

export interface Review {
  readonly stack: string;
  /** `frontend` → `0.11.1` */
  readonly to: Readonly<Record<string, string>>;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  /** Undefined when the workers' version stays. */
  readonly workers: WorkerVersions | undefined;
  readonly graphs: readonly GraphVerdict[];
  readonly definitions: DefinitionChanges | undefined;
  /** How the new editor and the new worker go together. */
  readonly pair: PairCell;
  readonly preview: ReviewedPreview;
  readonly phases: readonly PhaseInterruption[];
  /** What better comes first, a sentence each. */
  readonly advice: readonly string[];
  readonly waysBack: readonly WayBack[];
}

const SIGNS: Readonly<Record<Verdict, string>> = {
  go: "✅",
  "go with migration": "🟡",
  "no-go": "⛔",
};

export function markdown(review: Review): string {
  const { stack, to, verdict, reasons } = review;
  const targets = Object.entries(to).map(([service, version]) => `${service} ${version}`);
  return [
    `# Upgrade of ${stack}: ${targets.join(", ")}`,
    `${SIGNS[verdict]} **${verdict}**`,
    list(reasons),
    "## Stored graphs",
    graphsText(review),
    "## Editor and worker together",
    pairText(review.pair),
    "## What participants notice, phase by phase",
    phasesText(review),
    "## What the engine would change",
    changesText(review.preview),
    "## Policies",
    policiesText(review.preview),
    "## Cost",
    costText(review.preview),
    "## The way back",
    wayBackText(stack, review.waysBack),
    "",
  ].join("\n\n");
}

function graphsText({ workers, graphs, definitions }: Review): string {
  if (workers === undefined)
    return "The workers' version stays: nothing changes for stored graphs.";
  const { from, to } = workers;
  const words = { runs: "runs", heals: "heals", breaks: "**breaks**", broken: "broken already" };
  const table = [
    "| graph | verdict | why |",
    "| --- | --- | --- |",
    ...graphs.map(
      ({ name, verdict, reasons }) =>
        `| ${cell(name)} | ${words[verdict]} | ${reasons.map(cell).join("<br>")} |`,
    ),
  ].join("\n");
  if (definitions === undefined) {
    return `${table}\n\nThe node definitions of ${from} and ${to} can't be compared.`;
  }
  const { met, all } = definitions;
  const counts = Object.entries(all).map(([name, count]) => `${count} ${name}`);
  const summary = `Worker ${from} → ${to} changes node definitions: ${counts.join(", ")}. These graphs meet ${met.length === 0 ? "none of them" : `${met.length}:`}`;
  const rows = met.map(
    ({ class: kind, node, input, detail }) =>
      `| ${kind} | ${cell(node)} | ${cell(input ?? "")} | ${cell(detail)} |`,
  );
  const changes =
    rows.length === 0
      ? "."
      : `\n\n| class | node | input | what |\n| --- | --- | --- | --- |\n${rows.join("\n")}`;
  return `${table}\n\n${summary}${changes}`;
}

function pairText(pair: PairCell): string {
  const reasons = reasonsOf(pair);
  const told = `Frontend ${pair.frontend} with worker ${pair.worker}: **${pair.verdict}**.`;
  return reasons.length === 0 ? told : `${told}\n\n${list(reasons)}`;
}

function phasesText({ phases, advice }: Review): string {
  if (phases.length === 0) return "No order of phases leads there.";
  const steps = phases
    .map(
      ({ phase, sentence, watchSeconds }, index) =>
        `${index + 1}. **${phase.id}** (${phase.service} ${phase.version}): ${sentence} Then smoke jobs, and ${watchSeconds} s in which all has to be well.`,
    )
    .join("\n");
  return [steps, ...advice].join("\n\n");
}

function changesText({ changes, fault }: ReviewedPreview): string {
  if (fault !== undefined) return `The engine could not look: ${fault}`;
  if (changes.length === 0) return "Nothing.";
  const groups = notices
    .flatMap((notice) => {
      const own = changes.filter((change) => change.notice === notice);
      return own.length === 0
        ? []
        : [`**${noticeText[notice]}** (${own.length})\n\n${list(own.map(changeText))}`];
    })
    .join("\n\n");
  return changes.every(({ operation }) => operation === "create")
    ? `The stack is not up: all of it would be made.\n\n${groups}`
    : groups;
}

const changeText = ({ operation, name, type }: ResourceChange) => `${operation} ${name} (${type})`;

function policiesText({ policies, fault }: ReviewedPreview): string {
  const note =
    "Judged with the records that the upgrade itself makes on its way: a backup, its canaries, what is retained.";
  if (fault !== undefined && policies.length === 0) return "Not judged: the engine could not look.";
  if (policies.length === 0) return `No policy has anything against it. ${note}`;
  const rows = policies.map(({ level, rule, message }) => `**${level}** ${rule}: ${message}`);
  return `${list(rows)}\n\n${note}`;
}

function costText({ price, fault }: ReviewedPreview): string {
  if (price !== "") return `\`\`\`text\n${price}\n\`\`\``;
  return fault === undefined
    ? "Nothing of this stack costs by the hour."
    : "Not known: the engine could not look.";
}

function wayBackText(stack: string, ways: readonly WayBack[]): string {
  const rows = ways.map(({ service, version, image, isThere }) =>
    isThere
      ? `${service} ${version}: ${image === undefined ? "on this machine" : `\`${image}\``}`
      : `${service} ${version}: **no image in comfymulti:images**`,
  );
  return `Each phase goes back by itself when something is wrong. Afterwards \`npx comfymulti rollback ${stack}\` leads to:\n\n${list(rows)}`;
}

const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join("\n");

/** In a table's cell a bar or a line break would end it. */
const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
