/** The README's table of what is watched. */
import { alerts } from "./table.ts";
import { conditionText, durationText } from "./words.ts";

/** A Markdown table, one line an alert. */
export function watchedTable(): string {
  return [
    "| alert | fires when | for | what to do |",
    "| --- | --- | --- | --- |",
    ...alerts.map((alert) => {
      const { name, severity, forSeconds, cure } = alert;
      const mark = severity === "critical" ? `**${name}**` : name;
      return `| ${mark} | ${escaped(conditionText(alert))} | ${durationText(forSeconds)} | ${escaped(cure)} |`;
    }),
  ].join("\n");
}

const escaped = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "\\<");
