/**
 * Workers' machines that are gone, as a spot machine is when it is taken back. Docker and ssh can't be
 * asked on them, so an update would stop at the refresh of what ran there. Before an update, machines
 * alone are refreshed; what ran on one that is gone is forgotten, and its key for the private network,
 * which works once, is replaced.
 */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  parent: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  provider: z.string().optional(),
  deletedWith: z.string().optional(),
});
type Resource = z.infer<typeof resourceSchema>;
const deploymentSchema = z.looseObject({ resources: z.array(resourceSchema).optional() });

const INSTANCE = "verda:index:Instance";
/** What runs on a worker's machine, or is done there. */
const ON_THE_MACHINE = new Set([
  "docker:index/container:Container",
  "docker:index/remoteImage:RemoteImage",
  "command:remote:Command",
  "comfymulti:index:WorkerDrain",
]);

const typeChain = (urn: string) => urn.split("::")[2] ?? "";
const nameOf = (urn: string) => urn.split("::").at(-1) ?? "";
const WORKER = "comfymulti:gpu:GpuWorker";

export interface LostMachines {
  /** Names of the workers. */
  readonly workers: readonly string[];
  /** URNs that no longer stand for anything. */
  readonly forgotten: readonly string[];
  /** URNs of keys that were used by them. */
  readonly usedKeys: readonly string[];
}

/** Workers of a state that have no instance any more, but things that ran on one. */
export function lostMachines(resources: readonly Resource[]): LostMachines {
  const workers = resources.filter(({ type }) => type === WORKER).map(({ urn }) => nameOf(urn));
  const lost = workers.filter(
    (worker) =>
      !resources.some(
        ({ type, urn }) => type === INSTANCE && nameOf(urn) === `${worker}-instance`,
      ) && resources.some((resource) => runsOn(resource, worker)),
  );
  return {
    workers: lost,
    forgotten: resources
      .filter((resource) => lost.some((worker) => runsOn(resource, worker)))
      .map(({ urn }) => urn),
    usedKeys: resources
      .filter(
        ({ type, urn }) =>
          type === "tailscale:index/tailnetKey:TailnetKey" &&
          lost.some((worker) => nameOf(urn).endsWith(`-${worker}-join-key`)),
      )
      .map(({ urn }) => urn),
  };
}

/** `worker-1`, `worker-1-models` and so on, in the worker's own part of the tree. */
const runsOn = ({ type, urn }: Resource, worker: string) =>
  ON_THE_MACHINE.has(type) &&
  typeChain(urn).includes(`${WORKER}$`) &&
  (nameOf(urn) === worker || nameOf(urn).startsWith(`${worker}-`));

/** The state without these; what depended on them does so no more. */
export function without<State extends { readonly resources?: readonly Resource[] | undefined }>(
  state: State,
  forgotten: readonly string[],
): State {
  const gone = new Set(forgotten);
  const keep = (urns: readonly string[] | null | undefined) =>
    urns?.filter((urn) => !gone.has(urn)) ?? [];
  const resources = (state.resources ?? [])
    .filter(({ urn }) => !gone.has(urn))
    .map((resource) => ({
      ...resource,
      ...(resource.dependencies && { dependencies: keep(resource.dependencies) }),
      ...(resource.propertyDependencies && {
        propertyDependencies: Object.fromEntries(
          Object.entries(resource.propertyDependencies).map(([name, urns]) => [name, keep(urns)]),
        ),
      }),
    }));
  return { ...state, resources };
}

/**
 * Looks for lost machines and puts the state in order.
 * @returns URNs that the update has to replace; whether a refresh of everything is possible
 */
export async function settleLostMachines(
  stack: Stack,
  say: (line: string) => void,
): Promise<{ replace: string[] }> {
  const before = await resourcesOf(stack);
  const instances = before.resources.filter(({ type }) => type === INSTANCE).map(({ urn }) => urn);
  const somethingRuns = before.resources.some(({ type }) => ON_THE_MACHINE.has(type));
  if (!somethingRuns || !before.resources.some(({ type }) => type === WORKER))
    return { replace: [] };
  if (instances.length > 0) await stack.refresh({ target: instances });

  const after = await resourcesOf(stack);
  const { workers, forgotten, usedKeys } = lostMachines(after.resources);
  if (workers.length === 0) return { replace: [] };
  for (const worker of workers) say(`${worker}: its machine is gone; another takes its place`);
  await stack.importStack({
    ...after.exported,
    deployment: without(deploymentSchema.parse(after.exported.deployment), forgotten),
  });
  return { replace: [...usedKeys] };
}

async function resourcesOf(stack: Stack) {
  const exported = await stack.exportStack();
  const { resources = [] } = deploymentSchema.parse(exported.deployment);
  return { exported, resources };
}
