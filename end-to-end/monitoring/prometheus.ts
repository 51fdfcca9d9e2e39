/** Questions to a running Prometheus. https://prometheus.io/docs/prometheus/latest/querying/api/ */
import { z } from "zod";

const answerSchema = z.object({ status: z.literal("success"), data: z.unknown() });
const targetsSchema = z.object({
  activeTargets: z.array(
    z.object({
      labels: z.record(z.string(), z.string()),
      health: z.string(),
      lastError: z.string(),
    }),
  ),
});
const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          name: z.string(),
          query: z.string(),
          state: z.string(),
          health: z.string(),
          lastError: z.string().optional(),
        }),
      ),
    }),
  ),
});
const valuesSchema = z.object({
  result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })),
});

export class Prometheus {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  async targets() {
    return targetsSchema.parse(await this.#ask("targets")).activeTargets;
  }

  async rules() {
    return rulesSchema.parse(await this.#ask("rules")).groups.flatMap(({ rules }) => rules);
  }

  /** Names of all figures that it has. */
  async names(): Promise<readonly string[]> {
    return z.array(z.string()).parse(await this.#ask("label/__name__/values"));
  }

  /** The values that an expression has now. */
  async values(expression: string): Promise<readonly number[]> {
    const answer = await this.#ask(`query?query=${encodeURIComponent(expression)}`);
    return valuesSchema.parse(answer).result.map(({ value }) => Number(value[1]));
  }

  /** Its configuration as its pages show it. */
  async configuration(): Promise<string> {
    return z.object({ yaml: z.string() }).parse(await this.#ask("status/config")).yaml;
  }

  async #ask(question: string): Promise<unknown> {
    const response = await fetch(`${this.#origin}/api/v1/${question}`);
    return answerSchema.parse(await response.json()).data;
  }
}
