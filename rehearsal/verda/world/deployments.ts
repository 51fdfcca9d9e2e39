/** What can be done with container deployments, and what is refused. */
import { isCompute } from "../catalogue/compute-resources.ts";
import { balanceAt } from "./billing.ts";
import { roll, setDeploymentStatus, setReplicas } from "./deployment-steps.ts";
import { insufficientFunds, invalid, notFound } from "./refusal.ts";
import type { ContainerRecord, DeploymentRecord, ScalingRecord } from "./state.ts";
import type { World } from "./world.ts";

/** A container as a request gives it: what is left out keeps its value, or gets the default. */
export type WantedContainer = Partial<Omit<ContainerRecord, "imageUpdatedAt">>;

export interface WantedDeployment {
  readonly compute?: DeploymentRecord["compute"] | undefined;
  readonly container_registry_settings?:
    DeploymentRecord["container_registry_settings"] | undefined;
  readonly is_spot?: boolean | undefined;
  readonly containers?: readonly WantedContainer[] | undefined;
}

export interface NewDeployment extends WantedDeployment {
  readonly name: string;
  readonly is_verda_io: boolean;
  readonly compute: DeploymentRecord["compute"];
  readonly container_registry_settings: DeploymentRecord["container_registry_settings"];
  readonly containers: readonly (WantedContainer & { image: string; exposed_port: number })[];
  readonly scaling: ScalingRecord;
}

export function findDeployment(world: World, name: string): DeploymentRecord {
  const { deployments } = world.state;
  const deployment = Object.hasOwn(deployments, name) ? deployments[name] : undefined;
  if (!deployment) throw notFound("Deployment not found");
  return deployment;
}

export function createDeployment(
  world: World,
  now: number,
  wanted: NewDeployment,
  unhealthy: boolean,
): DeploymentRecord {
  if (Object.hasOwn(world.state.deployments, wanted.name)) {
    throw invalid(`Deployment ${wanted.name} already exists`);
  }
  checkReferences(world, wanted);
  checkScaling(wanted.scaling);
  if (balanceAt(world.state, now) <= 0) throw insufficientFunds();
  const deployment: DeploymentRecord = {
    name: wanted.name,
    status: "initializing",
    is_spot: wanted.is_spot ?? false,
    is_verda_io: wanted.is_verda_io,
    createdAt: now,
    compute: wanted.compute,
    container_registry_settings: wanted.container_registry_settings,
    containers: wanted.containers.map((container, index) => newContainer(container, index, now)),
    scaling: wanted.scaling,
    replicas: [],
    unhealthy,
  };
  world.state.deployments[deployment.name] = deployment;
  world.note(now, "deployment", deployment.name, "created");
  roll(world, deployment, now, { status: "initializing", to: "image_pulling" });
  return deployment;
}

/** `name:tag` of `registry/path/name:tag`, as the server names containers: `<image>-<number>`. */
function newContainer(
  wanted: WantedContainer & { image: string; exposed_port: number },
  index: number,
  now: number,
): ContainerRecord {
  const image = /([^/:@]+)(?:[:@][^/]*)?$/.exec(wanted.image)?.[1] ?? "container";
  return {
    healthcheck: { enabled: false, port: null, path: null },
    entrypoint_overrides: { enabled: false, entrypoint: null, cmd: null },
    env: [],
    should_use_cached_image: true,
    ...wanted,
    name: `${image}-${index}`,
    imageUpdatedAt: now,
    volume_mounts: withScratch(wanted.volume_mounts ?? []),
  };
}

/** General storage is there whether asked for or not. */
function withScratch(mounts: ContainerRecord["volume_mounts"]): ContainerRecord["volume_mounts"] {
  if (mounts.some(({ type }) => type === "scratch")) return mounts;
  return [...mounts, { type: "scratch", mount_path: "/data" }];
}

/** Changes a deployment, which begins a new rollout. */
export function changeDeployment(
  world: World,
  now: number,
  deployment: DeploymentRecord,
  wanted: WantedDeployment,
  unhealthy: boolean,
): void {
  refuseTerminating(deployment);
  checkReferences(world, wanted);
  const changes = (wanted.containers ?? []).map((container) => ({
    container,
    old: findContainer(deployment, container.name ?? ""),
  }));
  for (const { container, old } of changes) {
    if (container.image !== undefined && container.image !== old.image) old.imageUpdatedAt = now;
    Object.assign(old, container);
    old.volume_mounts = withScratch(old.volume_mounts);
  }
  const { compute, container_registry_settings: registry, is_spot: isSpot } = wanted;
  if (compute) deployment.compute = compute;
  if (registry) deployment.container_registry_settings = registry;
  if (isSpot !== undefined) deployment.is_spot = isSpot;
  deployment.unhealthy = unhealthy;
  world.note(now, "deployment", deployment.name, "changed");
  rollout(world, now, deployment);
}

export function findContainer({ containers }: DeploymentRecord, name: string): ContainerRecord {
  const container = containers.find((one) => one.name === name);
  if (!container) throw invalid(`Container ${name} not found`);
  return container;
}

/** A paused deployment takes a change without running. */
export function rollout(world: World, now: number, deployment: DeploymentRecord): void {
  if (deployment.status === "paused") return;
  roll(world, deployment, now, { status: "updating", to: "healthy" });
}

export function changeScaling(
  world: World,
  now: number,
  deployment: DeploymentRecord,
  scaling: ScalingRecord,
): void {
  refuseTerminating(deployment);
  checkScaling(scaling);
  deployment.scaling = scaling;
  world.note(
    now,
    "deployment",
    deployment.name,
    `scales from ${scaling.min_replica_count} to ${scaling.max_replica_count}`,
  );
  const missing = scaling.min_replica_count !== deployment.replicas.length;
  if (deployment.status === "quota_reached" || missing) rollout(world, now, deployment);
}

export function pause(world: World, now: number, deployment: DeploymentRecord): void {
  refuseTerminating(deployment);
  delete deployment.next;
  setReplicas(world, deployment, now, 0);
  setDeploymentStatus(world, deployment, "paused", now);
}

export function resume(world: World, now: number, deployment: DeploymentRecord): void {
  refuseTerminating(deployment);
  if (deployment.status !== "paused") return;
  roll(world, deployment, now, { status: "initializing", to: "healthy" });
}

export function restart(world: World, now: number, deployment: DeploymentRecord): void {
  refuseTerminating(deployment);
  if (deployment.status === "paused") throw invalid("A paused deployment cannot be restarted");
  setReplicas(world, deployment, now, 0);
  roll(world, deployment, now, { status: "initializing", to: "healthy" });
}

export function removeDeployment(world: World, now: number, deployment: DeploymentRecord): void {
  if (deployment.status === "terminating") return;
  setReplicas(world, deployment, now, 0);
  setDeploymentStatus(world, deployment, "terminating", now);
  deployment.next = { at: now + world.settings.durations.deploymentDelete * 1000, to: "gone" };
}

export function refuseTerminating({ status }: DeploymentRecord): void {
  if (status === "terminating") throw invalid("Deployment is terminating");
}

function checkReferences(world: World, wanted: WantedDeployment): void {
  const { compute, container_registry_settings: registry, containers = [] } = wanted;
  if (compute && !isCompute(compute.name, compute.size)) throw invalid("Invalid compute resource");
  if (registry?.is_private && !registry.credentials) {
    throw invalid("container_registry_settings.credentials should not be null or undefined");
  }
  const credentials = registry?.credentials?.name;
  if (credentials !== undefined && !Object.hasOwn(world.state.registryCredentials, credentials)) {
    throw invalid(`Container registry credentials ${credentials} not found`);
  }
  for (const { env = [], volume_mounts: mounts = [] } of containers) {
    checkEnvironment(world, env);
    for (const mount of mounts) checkMount(world, mount);
  }
}

/** Variables of type `secret` name a secret that exists. */
export function checkEnvironment(world: World, variables: ContainerRecord["env"]): void {
  for (const { type, value_or_reference_to_secret: name } of variables) {
    if (type === "secret") requireSecret(world, name, "generic");
  }
}

function checkMount(
  world: World,
  { type, secret_name: secret, volume_id: id }: ContainerRecord["volume_mounts"][number],
): void {
  if (type === "secret") requireSecret(world, secret ?? "", "file-secret");
  if (type !== "shared") return;
  const volumes = world.state.volumes;
  const volume = Object.hasOwn(volumes, id ?? "") ? volumes[id ?? ""] : undefined;
  if (volume?.type !== "NVMe_Shared" || volume.status === "deleted") {
    throw invalid("Invalid volume id");
  }
}

function requireSecret(world: World, name: string, kind: "generic" | "file-secret"): void {
  const { secrets } = world.state;
  const secret = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (secret?.secret_type !== kind) throw invalid(`Secret ${name} not found`);
}

function checkScaling({
  min_replica_count: min,
  max_replica_count: max,
  scaling_triggers,
}: ScalingRecord): void {
  if (min > max) throw invalid("scaling.min_replica_count must not exceed max_replica_count");
  for (const [name, trigger] of Object.entries(scaling_triggers)) {
    if ("enabled" in trigger && trigger.enabled && trigger.threshold === null) {
      throw invalid(`scaling_triggers.${name}.threshold should not be null or undefined`);
    }
  }
}
