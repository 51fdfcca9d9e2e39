/** Whether gateway, services and workers are well. */
import { workerPlans } from "../../../stacks/plans.ts";
import { liveStatus, type Status } from "../../live-status.ts";
import { fault, fine, upCure, type Check, type Finding } from "../check.ts";

export const servicesCheck: Check = {
  name: "services",
  async look({ name, platform }) {
    const { services } = await liveStatus(platform);
    return serviceFindings(services, name);
  },
};

const WELL = ["running", "healthy"];

export function serviceFindings(services: Status["services"], stackName: string): Finding[] {
  if (services.length === 0) return [fault("No service runs.", upCure(stackName), "up")];
  const bad = services.filter(({ status }) => !WELL.includes(status));
  if (bad.length === 0) return [fine(`${services.length} services are well`)];
  return bad.map(({ name, status }) =>
    fault(
      `${name} is ${status}.`,
      `npx comfymulti logs ${stackName} ${name} tells why; ${upCure(stackName)}`,
      "up",
    ),
  );
}

export const workersCheck: Check = {
  name: "gateway and workers",
  async look({ name, settings, api }) {
    const [queue, workers] = await Promise.all([api.queue(), api.workers()]);
    const expected = workerPlans(settings).map((worker) => worker.name);
    const findings = workerFindings(expected, workers, name);
    const isClosed = queue.paused || queue.closed;
    return isClosed
      ? [
          ...findings,
          fault(
            "The queue takes no new jobs.",
            "Resume it on the admin page, if nobody has a reason for it.",
          ),
        ]
      : findings;
  },
};

export function workerFindings(
  expected: readonly string[],
  workers: readonly { readonly name: string; readonly status: string }[],
  stackName: string,
): Finding[] {
  const faults = expected.flatMap((name) => {
    const status = workers.find((worker) => worker.name === name)?.status ?? "missing";
    if (status === "idle" || status === "running") return [];
    const cure =
      status === "draining"
        ? "It takes jobs again after Resume on the admin page, or when it is restarted."
        : `npx comfymulti logs ${stackName} ${name} tells why; ${upCure(stackName)}`;
    return [fault(`${name} takes no jobs: it is ${status}.`, cure, "up")];
  });
  return faults.length > 0
    ? faults
    : [
        fine(
          expected.length === 1 ? "the worker takes jobs" : `${expected.length} workers take jobs`,
        ),
      ];
}
