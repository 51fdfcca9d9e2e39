/** Waits until a stack is well after an update: services, workers of the right version, editors. */
import { setTimeout as pause } from "node:timers/promises";
import type { Platform } from "../../stacks/outputs.ts";
import { VisibleError } from "../visible-error.ts";
import { Gateway } from "./gateway.ts";
import { pageSeconds } from "./sampler.ts";
import { serviceStates } from "./services.ts";

const PATIENCE_MS = 120_000;
const LOOK_MS = 250;

/**
 * @param versions of each worker, by name
 * @throws VisibleError with what is not well, when patience ends
 */
export async function waitUntilHealthy(
  platform: Platform,
  versions: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    signal.throwIfAborted();
    const faults = await faultsOf(platform, versions, signal);
    if (faults.length === 0) return;
    if (Date.now() > deadline) {
      throw new VisibleError(
        `Stack ${platform.stack} is not well after ${PATIENCE_MS / 1000} s (${faults.join("; ")}): look at it with npx comfymulti status ${platform.stack}.`,
      );
    }
    await pause(LOOK_MS, undefined, { signal });
  }
}

async function faultsOf(
  platform: Platform,
  versions: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string[]> {
  const gateway = new Gateway(platform.admin, signal);
  const [services, workers, editors] = await Promise.all([
    serviceStates(platform),
    gateway.workers().catch(() => undefined),
    Promise.all(platform.users.map((user) => pageSeconds(user, signal))),
  ]);
  return [
    ...services.filter(({ isWell }) => !isWell).map(({ name }) => `${name} is not well`),
    ...(workers ? [] : ["the gateway does not answer"]),
    ...Object.entries(versions).flatMap(([name, version]) => {
      const worker = workers?.find((each) => each.name === name);
      // Without jobs there is no replica of a serverless deployment.
      if (name === "serverless" || !workers) return [];
      const isWorking = worker?.status === "idle" || worker?.status === "running";
      return isWorking && worker.comfyuiVersion === version ? [] : [`${name} takes no jobs`];
    }),
    ...platform.users.flatMap(({ id }, index) =>
      editors[index] === undefined ? [`${id}'s editor does not open`] : [],
    ),
  ];
}
