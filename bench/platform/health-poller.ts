/**
 * Asks for `/health` at a steady pace, in a process of its own: the event loop of whoever makes the
 * load would be part of the figure. Started by `pollHealth`; argument: the gateway's origin.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Scope } from "../measurement/figure.ts";

const INTERVAL_MS = 20;

const answersSchema = z.object({
  /** ms of each answer. */
  latencies: z.array(z.number()),
  /** Answers other than 200. */
  refused: z.number(),
});
export type HealthAnswers = z.infer<typeof answersSchema>;

/** Begins to ask. Returns how to end it, which gives the answers. */
export async function pollHealth(
  origin: string,
  scope: Scope,
): Promise<() => Promise<HealthAnswers>> {
  const child = fork(fileURLToPath(import.meta.url), [origin]);
  scope.defer(() => void child.kill());
  await once(child, "message");
  return async () => {
    const answered = once(child, "message");
    child.send("stop");
    const [answers] = (await answered) as [unknown];
    return answersSchema.parse(answers);
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const url = new URL("/health", process.argv[2]);
  const answers: HealthAnswers = { latencies: [], refused: 0 };
  const open = new Set<Promise<void>>();
  const ask = async () => {
    const start = performance.now();
    const answer = await fetch(url);
    await answer.arrayBuffer();
    answers.latencies.push(performance.now() - start);
    if (!answer.ok) answers.refused++;
  };
  await ask();
  answers.latencies.length = 0;
  process.send?.("ready");
  const timer = setInterval(() => {
    const asked = ask();
    open.add(asked);
    void asked.finally(() => open.delete(asked));
  }, INTERVAL_MS);
  await once(process, "message");
  clearInterval(timer);
  await Promise.all(open);
  process.send?.(answers);
  process.disconnect();
}
