/** What the policy pack costs a preview of a stack with twenty frontends: with it and without, in turn. */
import { fileURLToPath } from "node:url";
import { repository } from "../../components/installation.ts";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { median, repeated } from "../measurement/statistics.ts";
import { TemporaryStack } from "../platform/temporary-stack.ts";

const PAIRS = 5;
/** Seconds that the pack may add. */
const GOAL_SECONDS = 2;

const program = fileURLToPath(new URL("../platform/preview-stack.ts", import.meta.url));

export const policyOverhead: Benchmark = {
  name: "policy-overhead",
  about: "preview of 20 frontends and 3 workers, with the policy pack and without",
  async run(scope: Scope): Promise<Figure[]> {
    const stack = new TemporaryStack("rehearsal", scope);
    const preview = async (packs: "with" | "without") => {
      const command = [process.execPath, program, stack.name, packs];
      return (await stack.run(command, repository)).seconds;
    };
    // The first makes the stack.
    await preview("without");
    const withPack: number[] = [];
    const without: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      without.push(await preview("without"));
      withPack.push(await preview("with"));
    }
    const added = withPack.map((seconds, pair) => seconds - (without[pair] ?? NaN));
    return [
      repeated("preview without policies", "s", without),
      repeated("preview with policies", "s", withPack),
      { ...repeated("added by the policies", "s", added), goal: GOAL_SECONDS },
      {
        name: "with ÷ without",
        unit: "×",
        value: median(withPack) / median(without),
        samples: PAIRS,
      },
    ];
  },
};
