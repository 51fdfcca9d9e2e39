import { readFileSync, rmSync } from "node:fs";
import { SupervisorClient } from "./client.ts";
import { endLeftovers } from "./leftovers.ts";
import { supervisorPaths } from "./paths.ts";
import { isRunning, processIdentitySchema, signal, waitUntil } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** A process that a sweep found and ended. */
export interface Swept {
  readonly kind: "supervisor" | "service";
  readonly name: string;
  readonly pid: number;
}

const HANG_MILLISECONDS = 5_000;

/**
 * Ends whatever is left of a stack's supervisor and services, gracefully where the supervisor
 * answers, and removes its runtime directory (logs stay). Returns what it found: an empty list is
 * the proof that nothing of the stack was running.
 */
export async function sweep(dataDirectory: string): Promise<Swept[]> {
  const paths = supervisorPaths(dataDirectory);
  const found: Swept[] = [];
  const identity = readIdentity(paths.identity);
  const client = new SupervisorClient(dataDirectory);
  const report = await client.supervisor();
  if (report) {
    found.push({ kind: "supervisor", name: "supervisor", pid: report.pid });
    for (const { name, pid } of report.services) {
      if (pid !== undefined) found.push({ kind: "service", name, pid });
    }
    await client.shutdown();
    if (identity) await waitUntil(() => !isRunning(identity), HANG_MILLISECONDS);
  }
  if (identity && isRunning(identity)) {
    if (!report) found.push({ kind: "supervisor", name: "supervisor", pid: identity.pid });
    signal(identity.pid, "SIGKILL");
    await waitUntil(() => !isRunning(identity), HANG_MILLISECONDS);
  }
  for (const { name, pid } of await endLeftovers(paths.records, paths.data)) {
    found.push({ kind: "service", name, pid });
  }
  rmSync(paths.runtime, { recursive: true, force: true });
  return found;
}

function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    return processIdentitySchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}
