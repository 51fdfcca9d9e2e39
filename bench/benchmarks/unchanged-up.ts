/** `up` on a stack that is as its settings say: what every look at it costs. */
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { repeated } from "../measurement/statistics.ts";
import { TemporaryStack } from "../platform/temporary-stack.ts";

const RUNS = 4;

export const unchangedUp: Benchmark = {
  name: "unchanged-up",
  about: "up with nothing to change, stack local",
  async run(scope: Scope): Promise<Figure[]> {
    const stack = new TemporaryStack("local", scope);
    await stack.up();
    const seconds: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const { lines, seconds: whole } = await stack.up();
      if (!lines.some(({ text }) => text.trim() === "no changes")) {
        throw new Error("a second up of an untouched stack changed something");
      }
      seconds.push(whole);
    }
    return [repeated("up, nothing to change, whole command", "s", seconds)];
  },
};
