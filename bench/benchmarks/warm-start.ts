/** `npm start` on a machine that is set up: first on a fresh stack, then on one that is up. */
import { repository } from "../../components/installation.ts";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { stepFigures } from "../platform/start-steps.ts";
import { TemporaryStack } from "../platform/temporary-stack.ts";

const RUNS = 3;

export const warmStart: Benchmark = {
  name: "warm-start",
  about: "npm start by step on a machine that is set up",
  async run(scope: Scope): Promise<Figure[]> {
    const stack = new TemporaryStack("local", scope);
    const start = () => stack.run(["npm", "start"], repository);
    const first = await start();
    const later = [];
    for (let run = 0; run < RUNS; run++) later.push(await start());
    return [...stepFigures("fresh stack", [first]), ...stepFigures("stack is up", later)];
  },
};
