/** What becomes of a stack whose budget is spent: its GPUs take no further job. */
import type { AdminApi } from "./admin-api.ts";

/** They hold no job, or are about to let theirs go. */
const OUT = ["draining", "lost"];
const ANNOUNCEMENT =
  "The workshop's budget is spent: jobs that run are finished, and no others start.";

/**
 * Pauses the queue and drains every worker. Called again it only does what is not done yet.
 *
 * @returns sentences on what was done; none when there was nothing left to do
 */
export async function drainWorkers(
  api: Pick<AdminApi, "queue" | "workers" | "announce" | "pause" | "drain">,
): Promise<string[]> {
  const told: string[] = [];
  const { paused, closed } = await api.queue();
  if (!paused && !closed) {
    await api.announce(ANNOUNCEMENT);
    await api.pause();
    told.push("the queue takes no new jobs");
  }
  for (const { name, status } of await api.workers()) {
    if (!OUT.includes(status) && (await api.drain(name))) {
      told.push(`${name} ends its job and takes no other`);
    }
  }
  return told;
}
