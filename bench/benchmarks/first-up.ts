/** A fresh stack: how long the first `up` takes, in all and for each thing that it makes. */
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { repeated } from "../measurement/statistics.ts";
import type { TimedRun } from "../measurement/timed-lines.ts";
import { TemporaryStack } from "../platform/temporary-stack.ts";

const RUNS = 3;

export const firstUp: Benchmark = {
  name: "first-up",
  about: "first up of a fresh stack local, by resource",
  async run(scope: Scope): Promise<Figure[]> {
    const stack = new TemporaryStack("local", scope);
    const runs: TimedRun[] = [];
    const downs: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      runs.push(await stack.up());
      downs.push((await stack.comfymulti("down", stack.name, "--purge")).seconds);
    }
    const resources = runs.map((run) => processTimes(run));
    const names = [...(resources[0]?.keys() ?? [])];
    const whole = runs.map(({ seconds }) => seconds);
    return [
      repeated("up, whole command", "s", whole),
      ...names.map((name) =>
        repeated(
          `create ${name}`,
          "s",
          resources.flatMap((times) => times.get(name) ?? []),
        ),
      ),
      repeated("down --purge, whole command", "s", downs),
    ];
  },
};

/**
 * Seconds by what takes any: the processes and their supervisor, from `+ redis  Process created (0.3 s)`.
 * The rest (components, tokens) is bookkeeping of the engine.
 */
function processTimes({ lines }: TimedRun): Map<string, number> {
  const times = new Map<string, number>();
  for (const { text } of lines) {
    const [, name, seconds] =
      /^ {2}\+ (\S+)\s+(?:Process|Supervisor) created \(([\d.]+) s\)$/.exec(text) ?? [];
    // A stack's supervisor is called after the stack's program.
    if (name) times.set(name.replace(/^.*-supervisor$/, "supervisor"), Number(seconds));
  }
  if (times.size === 0)
    throw new Error("up told of no process: has the form of its lines changed?");
  return times;
}
