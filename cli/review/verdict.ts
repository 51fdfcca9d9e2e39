/** Whether an upgrade should be merged. */
import type { GraphVerdict } from "./stored-graphs.ts";
import type { WayBack } from "./way-back.ts";

export const verdicts = ["go", "go with migration", "no-go"] as const;
export type Verdict = (typeof verdicts)[number];

/** A script's way to know: 0, 3, 1. */
export const exitCodes: Readonly<Record<Verdict, number>> = {
  go: 0,
  "go with migration": 3,
  "no-go": 1,
};

export interface Evidence {
  /** Why no order of phases leads there; undefined when one does. */
  readonly hurdle: string | undefined;
  /** Why the engine could not look; undefined when it could. */
  readonly fault: string | undefined;
  readonly graphs: readonly GraphVerdict[];
  /** What mandatory policies say. */
  readonly violations: readonly string[];
  readonly waysBack: readonly WayBack[];
}

/** @returns the verdict with its reasons, a sentence each */
export function judge({ hurdle, fault, graphs, violations, waysBack }: Evidence): {
  verdict: Verdict;
  reasons: string[];
} {
  const breaking = graphs.filter(({ verdict }) => verdict === "breaks");
  const healing = graphs.filter(({ verdict }) => verdict === "heals");
  const missing = waysBack.filter(({ isThere }) => !isThere);
  const against = [
    ...(hurdle === undefined ? [] : [hurdle]),
    ...(fault === undefined ? [] : [`What would change is not known: ${fault}`]),
    ...breaking.map(({ name }) => `${name} runs now and would be refused.`),
    ...violations.map((message) => `A policy forbids it: ${message}`),
    ...missing.map(
      ({ service, version }) =>
        `There would be no way back: comfymulti:images has no image of ${service} ${version}.`,
    ),
  ];
  if (against.length > 0) return { verdict: "no-go", reasons: against };
  if (healing.length > 0) {
    return {
      verdict: "go with migration",
      reasons: [
        `${healing.length} stored ${healing.length === 1 ? "graph is" : "graphs are"} refused as they are, and heal at the gateway by themselves.`,
      ],
    };
  }
  return { verdict: "go", reasons: ["Every stored graph runs as it is."] };
}
