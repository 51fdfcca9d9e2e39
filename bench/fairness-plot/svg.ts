/** The afternoon as a picture: one panel a policy, one line a person. */
import { AFTERNOON_SECONDS, kinds, lengths, LONGEST_JOB, WORKERS, type Kind } from "./afternoon.ts";
import { inJobs, type Afternoon, type Curve } from "./simulate.ts";

const PANEL = { width: 400, height: 300, left: 70, gap: 70, top: 96 };
const WIDTH = PANEL.left + 2 * PANEL.width + PANEL.gap + 30;
const HEIGHT = PANEL.top + PANEL.height + 116;
const HOUR = 3600;

const titles: Readonly<Record<string, string>> = {
  fair: "fair in GPU seconds",
  fifo: "first come, first served",
};

/** Readable on white and on a dark page; told apart without red and green. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 16px; font-weight: 600; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
  .pictures { stroke: #0969da; }
  .series { stroke: #8250df; }
  .videos { stroke: #bc4c00; }
  .anybody { stroke: #57606a; }
  .guest { stroke-dasharray: 2 3; stroke-width: 1.2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .grid { stroke: #3d444d; }
    .pictures { stroke: #58a6ff; }
    .series { stroke: #bc8cff; }
    .videos { stroke: #ffa657; }
    .anybody { stroke: #9198a1; }
  }`;

export function drawFairness(afternoons: readonly Afternoon[]): string {
  const most = Math.max(...afternoons.flatMap(({ curves }) => curves.flatMap((c) => c.seconds)));
  const top = Math.ceil(most / HOUR) * HOUR;
  const guests = afternoons[0]?.curves.length ?? 0;
  const heading = `GPU time of ${guests} people over an afternoon with ${WORKERS} GPUs, a line each`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${heading}">
<style>${style}
</style>
<text class="title" x="${PANEL.left}" y="28">${heading}</text>
${legend()}
${afternoons.map((afternoon, index) => panel(afternoon, index, top)).join("\n")}
<text x="${PANEL.left}" y="${HEIGHT - 40}">Largest difference between any two people who always had work, in units of the longest job (${LONGEST_JOB} s):</text>
<text x="${PANEL.left}" y="${HEIGHT - 18}">${afternoons.map((each) => `${titles[each.policy]}: ${inJobs(each).toFixed(2)}`).join(" · ")}</text>
</svg>
`;
}

function legend(): string {
  const entries = [
    ...kinds.map((kind) => ({ names: kind, text: describe(kind) })),
    { names: "anybody guest", text: "dotted: takes breaks" },
  ];
  return entries
    .map(({ names, text }, index) => {
      const x = PANEL.left + index * 215;
      return `<path class="line ${names}" d="M${x} 52h24"/><text x="${x + 30}" y="56">${text}</text>`;
    })
    .join("\n");
}

function describe(kind: Kind): string {
  const [shortest, longest] = lengths[kind];
  return `${kind}, ${shortest} to ${longest} s a job`;
}

function panel({ policy, curves }: Afternoon, index: number, top: number): string {
  const left = PANEL.left + index * (PANEL.width + PANEL.gap);
  const bottom = PANEL.top + PANEL.height;
  const x = (seconds: number) => round(left + (seconds / AFTERNOON_SECONDS) * PANEL.width);
  const y = (seconds: number) => round(bottom - (seconds / top) * PANEL.height);
  const hours = Array.from({ length: AFTERNOON_SECONDS / HOUR + 1 }, (_, hour) => hour);
  const levels = Array.from({ length: top / HOUR + 1 }, (_, hour) => hour);
  return [
    `<text x="${left}" y="${PANEL.top - 12}">${titles[policy]}</text>`,
    ...levels.map(
      (hour) =>
        `<path class="grid" d="M${left} ${y(hour * HOUR)}h${PANEL.width}"/><text x="${left - 8}" y="${y(hour * HOUR) + 4}" text-anchor="end">${hour} h</text>`,
    ),
    ...hours.map(
      (hour) =>
        `<text x="${x(hour * HOUR)}" y="${bottom + 20}" text-anchor="middle">${13 + hour}:00</text>`,
    ),
    ...curves.map((curve) => line(curve, x, y)),
  ].join("\n");
}

function line({ person, seconds }: Curve, x: Scale, y: Scale): string {
  const step = AFTERNOON_SECONDS / (seconds.length - 1);
  const points = seconds.map((value, index) => `${x(index * step)} ${y(value)}`).join("L");
  const names = `line ${person.kind}${person.always ? "" : " guest"}`;
  return `<path class="${names}" d="M${points}"><title>${person.name}: ${person.appetite} waiting, ${describe(person.kind)}</title></path>`;
}

type Scale = (seconds: number) => number;

const round = (value: number): number => Math.round(value * 10) / 10;
