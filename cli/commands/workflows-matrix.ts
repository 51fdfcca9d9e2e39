/** Which frontend goes with which worker, for every captured version. */
import {
  capturedVersions,
  templates,
  versionMatrix,
  type PairVerdict,
  type TemplateVerdict,
} from "@comfymulti/workflows";
import Table from "cli-table3";
import pc from "picocolors";

const words: Readonly<Record<PairVerdict, string>> = {
  ok: pc.green("OK"),
  discouraged: pc.yellow("OK, better another"),
  "smoke-owed": pc.yellow("after a smoke job"),
  "needs-migration": pc.yellow("needs migration"),
  blocked: pc.red("blocked"),
};

export function workflowsMatrix(
  versions: readonly string[],
  { json }: { readonly json: boolean },
): void {
  const cells = versionMatrix(versions.length > 0 ? versions : capturedVersions(), templates);
  if (json) {
    console.log(JSON.stringify(cells, null, 2));
    return;
  }
  const table = new Table({
    head: ["frontend", "worker", "verdict", "why"],
    style: { head: [], border: [] },
    colWidths: [null, null, null, 80],
    wordWrap: true,
  });
  for (const { frontend, worker, verdict, reasons, templates: judged } of cells) {
    const why = [...reasons, ...byReason(judged)];
    table.push([frontend, worker, words[verdict], why.join("\n")]);
  }
  console.log(table.toString());
}

/** The same reason is said once, for all templates that it holds for. */
function byReason(judged: readonly TemplateVerdict[]): string[] {
  const told = judged.flatMap(({ template, reasons }) =>
    reasons.map((reason) => ({ template, reason })),
  );
  return [...Map.groupBy(told, ({ reason }) => reason)].map(
    ([reason, holders]) => `${holders.map(({ template }) => template).join(", ")}: ${reason}`,
  );
}
