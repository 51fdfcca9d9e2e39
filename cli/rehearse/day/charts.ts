/** Charts of a rehearsed day, as SVG that needs nothing around it. */
import type { DayReport, Sample, SceneResult } from "./report.ts";
import { escapeHtml } from "./escape-html.ts";

const WIDTH = 960;
const LEFT = 44;
const RIGHT = 12;
const TOP = 16;
/** Times are written below the plot. */
const BOTTOM = 24;
const PLOT = WIDTH - LEFT - RIGHT;

/** Waiting and running jobs and workers over the day, with the scenes behind them. */
export function queueChart({ samples, scenes, startedAt, endedAt }: DayReport): string {
  const height = 260;
  const plot = height - TOP - BOTTOM;
  const most = Math.max(
    5,
    ...samples.flatMap(({ pending = 0, running = 0, workers = 0 }) => [pending, running, workers]),
  );
  const x = (at: number) => LEFT + ((at - startedAt) / (endedAt - startedAt)) * PLOT;
  const y = (value: number) => TOP + plot - (value / most) * plot;
  const bands = scenes.map((scene, index) => band(scene, index, { x, plot }));
  const line = (name: string, of: (sample: Sample) => number | undefined) =>
    gapless(samples, of)
      .map((part) =>
        part.map((sample) => `${x(sample.at).toFixed(1)},${y(of(sample) ?? 0).toFixed(1)}`),
      )
      .map((points) => `<polyline class="${name}" points="${points.join(" ")}"/>`)
      .join("");
  const seconds = (endedAt - startedAt) / 1000;
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Jobs and workers over time">
${bands.join("\n")}
${[0, Math.round(most / 2), most].map((value) => `<text class="axis" x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text><line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>`).join("\n")}
${[0, 0.25, 0.5, 0.75, 1].map((part) => `<text class="axis" x="${LEFT + part * PLOT}" y="${height - 6}" text-anchor="${part === 1 ? "end" : "middle"}">${Math.round(part * seconds)} s</text>`).join("\n")}
${line("pending", ({ pending }) => pending)}
${line("running", ({ running }) => running)}
${line("workers", ({ workers }) => workers)}
</svg>`;
}

/** What each participant waited: half of their jobs within the dark bar, 95 of 100 within the light. */
export function waitChart({ participants }: DayReport): string {
  const row = 18;
  const height = participants.length * row + BOTTOM;
  const longest = Math.max(1, ...participants.map(({ wait }) => wait?.p95 ?? 0));
  const left = 76;
  const width = (seconds: number) => (seconds / longest) * (WIDTH - left - 70);
  const rows = participants.map(({ user, wait = { p50: 0, p95: 0 } }, index) => {
    const y = index * row;
    return `<text class="axis" x="${left - 6}" y="${y + 13}" text-anchor="end">${escapeHtml(user)}</text>
<rect class="p95" x="${left}" y="${y + 3}" width="${width(wait.p95).toFixed(1)}" height="${row - 6}"/>
<rect class="p50" x="${left}" y="${y + 3}" width="${width(wait.p50).toFixed(1)}" height="${row - 6}"/>
<text class="axis" x="${left + width(wait.p95) + 6}" y="${y + 13}">${wait.p50.toFixed(1)} / ${wait.p95.toFixed(1)} s</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Waiting time of each participant">
${rows.join("\n")}
</svg>`;
}

interface Scale {
  readonly x: (at: number) => number;
  readonly plot: number;
}

function band({ name, startedAt, endedAt, fault }: SceneResult, index: number, { x, plot }: Scale) {
  const kind = fault === undefined ? `band${index % 2}` : "fault";
  const left = x(startedAt);
  const width = Math.max(1, x(endedAt) - left);
  return `<rect class="${kind}" x="${left.toFixed(1)}" y="${TOP}" width="${width.toFixed(1)}" height="${plot}"><title>${escapeHtml(name)}</title></rect><text class="axis" x="${(left + 3).toFixed(1)}" y="${TOP - 4}">${index + 1}</text>`;
}

/** Longer without a sample is a gap, ms: one is taken about every second. */
const GAP_MS = 3000;

/** Runs of samples without a gap: a line must not lead over a time at which nobody answered. */
function gapless(
  samples: readonly Sample[],
  of: (sample: Sample) => number | undefined,
): Sample[][] {
  const parts: Sample[][] = [[]];
  let last = 0;
  for (const sample of samples) {
    if (of(sample) === undefined || sample.at - last > GAP_MS) parts.push([]);
    if (of(sample) !== undefined) parts.at(-1)?.push(sample);
    last = sample.at;
  }
  return parts.filter((part) => part.length > 0);
}
