/** The report as one HTML file, for a host: would my workshop have survived? */
import { queueChart, waitChart } from "./charts.ts";
import { escapeHtml } from "./escape-html.ts";
import { troubles, type DayReport, type SceneResult } from "./report.ts";

export function dayPage(report: DayReport): string {
  const { stack, summary, startedAt, endedAt, scenes, participants, good } = report;
  const { completed, cancelled } = summary.outcomes;
  const wrong = troubles(report);
  const title = good
    ? `Your workshop would have survived this day`
    : `Your workshop would not have survived this day`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rehearsal of ${escapeHtml(stack)}</title>
<style>${STYLE}</style>
</head>
<body>
<header class="${good ? "good" : "bad"}">
<p>Rehearsal of <b>${escapeHtml(stack)}</b>, ${new Date(startedAt).toISOString().slice(0, 16).replace("T", " ")} UTC, ${minutes(endedAt - startedAt)}</p>
<h1>${title}</h1>
<p>${participants.length} participants completed ${completed} jobs${cancelled > 0 ? ` and cancelled ${cancelled}` : ""}; ${verdictOnJobs(report)}</p>
</header>
${wrong.length === 0 ? "" : `<section><h2>What went wrong</h2><ul>${wrong.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join("")}</ul></section>`}
<section>
<h2>The day</h2>
<p class="legend"><span class="pending">jobs that wait</span> <span class="running">jobs that run</span> <span class="workers">workers that are there</span> A gap: the platform did not answer.</p>
${queueChart(report)}
<table>
<thead><tr><th></th><th>What happened</th><th>Seconds</th><th>How the platform took it</th></tr></thead>
<tbody>${scenes.map(sceneRow).join("\n")}</tbody>
</table>
</section>
<section>
<h2>Waiting</h2>
<p>From a click on Run until the job began: half of the jobs within ${fixed(summary.wait?.p50)} s, 95 of 100 within ${fixed(summary.wait?.p95)} s, the longest ${fixed(summary.wait?.max)} s. ${summary.jobsPerMinute.toFixed(0)} jobs a minute were completed. Fairness (Jain's index of GPU time, 1 = all had the same): ${fixed(summary.fairness.jainIndex, 2)}.</p>
${waitChart(report)}
</section>
<footer><p>ComfyUI, the participants and Verda were simulated, and time went faster; the engine, Redis, the queue manager, the workers and every command were the real ones. Times to recover are those of this machine.</p></footer>
</body>
</html>
`;
}

function verdictOnJobs({ violations, errors, billed }: DayReport): string {
  const lost = violations.length === 0 && errors.length === 0;
  return [
    lost
      ? "none was lost, none ended twice, and everybody got exactly their own pictures"
      : `${violations.length + errors.length} things were wrong with them`,
    billed.length === 0
      ? "after the teardown nothing is billed for any more."
      : `after the teardown ${billed.length} things are still billed for.`,
  ].join("; ");
}

function sceneRow({ name, startedAt, endedAt, note, fault }: SceneResult, index: number): string {
  const seconds = ((endedAt - startedAt) / 1000).toFixed(0);
  const said = fault === undefined ? escapeHtml(note) : `<b>✗ ${escapeHtml(fault)}</b>`;
  return `<tr><td>${index + 1}</td><td>${escapeHtml(name)}</td><td class="number">${seconds}</td><td>${said}</td></tr>`;
}

const fixed = (value: number | undefined, digits = 1) => value?.toFixed(digits) ?? "–";

function minutes(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:62rem;padding:0 1rem 3rem;color:#1c2430;background:#fff}
header{margin:1.5rem 0;padding:1rem 1.5rem;border-radius:.6rem;color:#fff}
header h1{margin:.2rem 0;font-size:1.7rem}
header p{margin:.3rem 0}
.good{background:#1d6b45}.bad{background:#9b2c2c}
h2{margin-top:2rem}
svg{width:100%;height:auto;background:#f7f8fa;border-radius:.4rem}
svg text.axis{font:11px system-ui,sans-serif;fill:#4a5568}
.grid{stroke:#d5dae2;stroke-width:1}
polyline{fill:none;stroke-width:2}
polyline.pending{stroke:#c05621}polyline.running{stroke:#2b6cb0}polyline.workers{stroke:#2f855a;stroke-dasharray:5 3}
.legend span::before{content:"";display:inline-block;width:1.6em;height:0;border-top:3px solid;margin-right:.4em;vertical-align:middle}
.legend span{margin-right:1em}
span.pending{color:#c05621}span.running{color:#2b6cb0}span.workers{color:#2f855a}
.band0{fill:#edf0f5}.band1{fill:#e2e7ef}.fault{fill:#f3c6c6}
.p50{fill:#2b6cb0}.p95{fill:#bcd3ec}
table{border-collapse:collapse;width:100%;margin-top:1rem}
th,td{border-bottom:1px solid #d5dae2;padding:.35rem .6rem;text-align:left;vertical-align:top}
td.number{text-align:right}
footer{color:#4a5568;font-size:.9rem;margin-top:2rem}
@media (max-width:40rem){table{font-size:.85rem}}
`;
