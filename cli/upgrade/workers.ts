/** Takes workers out before they are replaced, so that their jobs end, and brings back who stayed. */
import { drain } from "../../components/gpu/worker-drain-type.ts";
import { SupervisorClient } from "../../components/hosts/index.ts";
import type { Platform } from "../../stacks/outputs.ts";
import { Gateway } from "./gateway.ts";

export interface DrainOptions {
  /** ComfyUI version that each is to have: who has it already stays. */
  readonly versions: Readonly<Record<string, string>>;
  /** A job may take this long, seconds. */
  readonly patienceSeconds: number;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/**
 * Drains workers of a stack on this machine; in the cloud the update itself does. A job that goes on
 * is not killed either: its worker gives it back when it is told to end, and another takes it.
 */
export async function drainWorkers(
  { admin, directories }: Platform,
  { versions, patienceSeconds, signal, tell }: DrainOptions,
): Promise<void> {
  if (!directories) return;
  const workers = await new Gateway(admin, signal).workers();
  const leaving = workers.filter(
    ({ name, status, comfyuiVersion }) =>
      status !== "lost" && comfyuiVersion !== (versions[name] ?? comfyuiVersion),
  );
  await Promise.all(
    leaving.map(async ({ name: worker }) => {
      try {
        await drain(
          {
            worker,
            queueManagerUrl: new URL(admin.url).origin,
            adminToken: admin.token,
            timeoutSeconds: patienceSeconds,
          },
          { progress: tell, signal },
        );
      } catch (error) {
        signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        tell(`${reason} It is replaced, and a job that it still has goes back to the queue.`);
      }
    }),
  );
}

/**
 * Lets go of workers that were drained and then not replaced: the next update starts them anew.
 *
 * @returns their names; none in the cloud
 */
export async function releaseDrained(platform: Platform, signal: AbortSignal): Promise<string[]> {
  const { admin, directories } = platform;
  if (!directories) return [];
  const workers = await new Gateway(admin, signal).workers();
  const drained = workers.filter(({ status }) => status === "draining").map(({ name }) => name);
  const supervisor = new SupervisorClient(directories.data);
  for (const name of drained) await supervisor.remove(name);
  return drained;
}
