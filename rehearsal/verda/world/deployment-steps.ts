/** How a container deployment goes from status to status. */
import { randomUUID } from "node:crypto";
import { replicaPrice } from "../catalogue/compute-resources.ts";
import { endMeter, REPLICA_STEP_SECONDS, setPrice } from "./billing.ts";
import type { DeploymentRecord, Step } from "./state.ts";
import type { World } from "./world.ts";

const DEFAULT_COMPUTE_CAPACITY = 64;

export function setDeploymentStatus(
  world: World,
  deployment: DeploymentRecord,
  status: DeploymentRecord["status"],
  at: number,
): void {
  if (deployment.status === status) return;
  world.note(at, "deployment", deployment.name, `${deployment.status} → ${status}`);
  deployment.status = status;
}

/** Begins to run, or to run anew: stays `quota_reached` when there is no room for its replicas. */
export function roll(
  world: World,
  deployment: DeploymentRecord,
  now: number,
  first: { status: "initializing" | "updating"; to: "image_pulling" | "healthy" },
): void {
  delete deployment.next;
  const wanted = deployment.scaling.min_replica_count;
  if (wanted > roomFor(world, deployment)) {
    setReplicas(world, deployment, now, 0);
    return setDeploymentStatus(world, deployment, "quota_reached", now);
  }
  setReplicas(world, deployment, now, wanted);
  setDeploymentStatus(world, deployment, first.status, now);
  deployment.next = { at: now + world.settings.durations.deploymentStart * 1000, to: first.to };
}

/** Sets how many replicas there are, and what they cost from now on. */
export function setReplicas(
  world: World,
  deployment: DeploymentRecord,
  now: number,
  count: number,
): void {
  const kept = deployment.replicas.slice(0, count);
  const added = Array.from({ length: count - kept.length }, () => ({
    id: randomUUID(),
    startedAt: now,
  }));
  deployment.replicas = [...kept, ...added];
  const { compute, is_spot, name } = deployment;
  setPrice(world.state, now, {
    kind: "deployment",
    id: name,
    pricePerHour: replicaPrice(compute, is_spot, world.settings.currency) * count,
    stepSeconds: REPLICA_STEP_SECONDS,
  });
}

function roomFor(world: World, deployment: DeploymentRecord): number {
  const others = Object.values(world.state.deployments).filter((one) => one !== deployment);
  const count = (list: readonly DeploymentRecord[]) =>
    list.reduce((sum, { replicas }) => sum + replicas.length, 0);
  const { name } = deployment.compute;
  const capacity = world.settings.computeCapacity[name] ?? DEFAULT_COMPUTE_CAPACITY;
  return Math.min(
    world.settings.quota.replicas - count(others),
    capacity - count(others.filter(({ compute }) => compute.name === name)),
  );
}

/** A transition that fell due. */
export function deploymentStep(world: World, deployment: DeploymentRecord, { at, to }: Step): void {
  delete deployment.next;
  if (to === "gone") {
    endMeter(world.state, at, "deployment", deployment.name);
    delete world.state.deployments[deployment.name];
    return world.note(at, "deployment", deployment.name, "gone");
  }
  if (to === "image_pulling") {
    setDeploymentStatus(world, deployment, "image_pulling", at);
    deployment.next = { at: at + world.settings.durations.imagePull * 1000, to: "healthy" };
    return;
  }
  setDeploymentStatus(world, deployment, deployment.unhealthy ? "unhealthy" : "healthy", at);
}
