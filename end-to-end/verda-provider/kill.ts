/** Kills the engine in the middle of its work, as a power cut would. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { VerdaProject } from "./project.ts";

/**
 * Starts the run and kills its engine after this time.
 * @returns whether the run was cut off, or had ended before
 */
export async function killedAfter(
  project: VerdaProject,
  milliseconds: number,
  run: () => Promise<unknown>,
): Promise<boolean> {
  const ended = run().then(
    () => false,
    () => true,
  );
  await untilTrue(() => project.processes("pulumi").length > 0);
  const isOver = await Promise.race([
    ended.then(() => true),
    new Promise<false>((wake) => setTimeout(() => wake(false), milliseconds)),
  ]);
  if (!isOver) for (const pid of project.processes("pulumi")) process.kill(pid, "SIGKILL");
  const wasCutOff = await ended;
  // The plugin ends by itself; until then its last request may still be under way.
  await untilTrue(() => project.processes().length === 0);
  return wasCutOff;
}

/** What a person or `comfymulti up` does then. */
export async function upAgain(stack: Stack): Promise<string> {
  await stack.cancel().catch(() => undefined);
  let output = "";
  await stack.up({ refresh: true, onOutput: (text) => (output += text) });
  return output;
}

async function untilTrue(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("the engine or its plugin did not come or go");
    await new Promise((wake) => setTimeout(wake, 25));
  }
}
