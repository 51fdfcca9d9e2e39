/** What the checks found, as a table for people. */
import type { CheckResult } from "./check.ts";

const GAP = "  ";

export function reportText(results: readonly CheckResult[]): string {
  const statusWidth = Math.max(...results.map(({ status }) => status.length));
  const titleWidth = Math.max(...results.map(({ title }) => title.length));
  const rows = results.map(
    ({ status, title, message }) =>
      `${status.padEnd(statusWidth)}${GAP}${title.padEnd(titleWidth)}${GAP}${message}`,
  );
  return [...rows, "", summary(results)].join("\n");
}

function summary(results: readonly CheckResult[]): string {
  const count = (status: CheckResult["status"]) =>
    results.filter((result) => result.status === status).length;
  return `${count("ok")} ok, ${count("warn")} warnings, ${count("fail")} failed, ${count("skipped")} skipped.`;
}

/** True when the deployment may be used: nothing failed. */
export const isUsable = (results: readonly CheckResult[]): boolean =>
  results.every(({ status }) => status !== "fail");
