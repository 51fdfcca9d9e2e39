/** One check, its verdict, and how several are run: beside each other, each with its own time limit. */
import { z } from "zod";

export const verdictSchema = z.object({
  /** `skipped`: could not be judged now, and says nothing against the deployment. */
  status: z.enum(["ok", "warn", "fail", "skipped"]),
  /** What was found and, unless all is well, what to do. */
  message: z.string(),
});
export type Verdict = z.infer<typeof verdictSchema>;

export const checkResultSchema = verdictSchema.extend({ id: z.string(), title: z.string() });
export type CheckResult = z.infer<typeof checkResultSchema>;

export interface Check {
  readonly id: string;
  /** A word or two for the table. */
  readonly title: string;
  /** Time limit, ms. */
  readonly limitMs: number;
  /** Throws an Error with a sentence for people when it can't be carried out; that is a fail. */
  readonly run: (signal: AbortSignal) => Promise<Verdict>;
}

export const ok = (message: string): Verdict => ({ status: "ok", message });
export const warn = (message: string): Verdict => ({ status: "warn", message });
export const fail = (message: string): Verdict => ({ status: "fail", message });
export const skipped = (message: string): Verdict => ({ status: "skipped", message });

const severity = ["ok", "skipped", "warn", "fail"] as const;

/** The worst of several verdicts, with the sentences of all that are not ok; of all when all are. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  const status = severity.findLast((level) => verdicts.some((one) => one.status === level)) ?? "ok";
  const told = status === "ok" ? verdicts : verdicts.filter((one) => one.status !== "ok");
  return { status, message: told.map((one) => one.message).join(" ") };
}

/** Runs all at once. Never rejects: a check that throws or takes too long has failed. */
export const runChecks = (checks: readonly Check[]): Promise<CheckResult[]> =>
  Promise.all(
    checks.map(async ({ id, title, limitMs, run }) => {
      const signal = AbortSignal.timeout(limitMs);
      const tooLong = new Promise<Verdict>((resolve) => {
        signal.addEventListener("abort", () => {
          resolve(
            fail(
              `No answer within ${limitMs / 1000} s: see what keeps it busy, then verify again.`,
            ),
          );
        });
      });
      const verdict = await Promise.race([run(signal).catch(thrown), tooLong]);
      return { id, title, ...verdict };
    }),
  );

const thrown = (error: unknown): Verdict =>
  fail(error instanceof Error ? error.message : "The check could not be carried out.");
