/** Splits what `npm start` printed into its steps: each line that ends one, and when it came. */
import type { Figure } from "../measurement/figure.ts";
import { repeated } from "../measurement/statistics.ts";
import type { TimedRun } from "../measurement/timed-lines.ts";

const marks: readonly {
  readonly line: RegExp;
  readonly step: (match: RegExpExecArray) => string;
}[] = [
  { line: /^Set-up$/, step: () => "npm itself" },
  {
    line: /^ {2}✓ (Node|Dependencies|Redis|Pulumi engine)/,
    step: ([, name]) => String(name),
  },
  { line: /^ {2}✓ ComfyUI frontend/, step: () => "command line loads, editor bundle" },
  { line: /^ {2}(no changes|\d+ changes)$/, step: () => "up" },
  { line: /^Sample job$/, step: () => "reads the stack's output" },
  { line: /^ {2}✓ \S+ rendered/, step: () => "sample job" },
];

/** Seconds of each step, in order. */
export function stepsOf({ lines, seconds }: TimedRun): Map<string, number> {
  const steps = new Map<string, number>();
  let before = 0;
  for (const { text, at } of lines) {
    for (const { line, step } of marks) {
      const match = line.exec(text);
      if (!match) continue;
      steps.set(step(match), at - before);
      before = at;
    }
  }
  steps.set("status and links", seconds - before);
  return steps;
}

/** A figure a step, then the whole. */
export function stepFigures(title: string, runs: readonly TimedRun[]): Figure[] {
  const steps = runs.map((run) => stepsOf(run));
  const names = [...(steps[0]?.keys() ?? [])];
  return [
    ...names.map((name) =>
      repeated(
        `${title}: ${name}`,
        "s",
        steps.flatMap((times) => times.get(name) ?? []),
      ),
    ),
    repeated(
      `${title}: in all`,
      "s",
      runs.map(({ seconds }) => seconds),
    ),
  ];
}
