/** A container deployment between the program's spelling and the API's. */
import type { z } from "zod";
import type { DeploymentAnswer, ScalingAnswer } from "../client/index.ts";
import type {
  containerDeploymentInputs,
  ContainerDeploymentInputs,
} from "../schemas/container-deployment.ts";

/** The variable by which a deployment shows whose it is: its name alone could be anybody's. */
export const OWNER_VARIABLE = "COMFYMULTI_OWNER";

type Container = ContainerDeploymentInputs["containers"][number];

export function containerBody(container: Container, owner: string) {
  const { healthcheck, entrypointOverrides } = container;
  return {
    image: container.image,
    exposed_port: container.exposedPort,
    healthcheck: healthcheck ?? { enabled: false },
    entrypoint_overrides: entrypointOverrides ?? { enabled: false },
    env: [
      ...container.env.map(({ name, valueOrReferenceToSecret, type }) => ({
        name,
        value_or_reference_to_secret: valueOrReferenceToSecret,
        type,
      })),
      { name: OWNER_VARIABLE, value_or_reference_to_secret: owner, type: "plain" },
    ],
    volume_mounts: container.volumeMounts.map((mount) => ({
      type: mount.type,
      mount_path: mount.mountPath,
      ...(mount.type === "memory" ? { size_in_mb: mount.sizeInMb } : {}),
      ...(mount.type === "secret" ? { secret_name: mount.secretName } : {}),
      ...(mount.type === "shared" ? { volume_id: mount.volumeId } : {}),
    })),
    should_use_cached_image: container.shouldUseCachedImage,
  };
}

export function registryBody(settings: ContainerDeploymentInputs["containerRegistrySettings"]) {
  return { is_private: settings.isPrivate, credentials: settings.credentials ?? null };
}

export function scalingBody({ scalingTriggers, ...scaling }: ContainerDeploymentInputs["scaling"]) {
  return {
    min_replica_count: scaling.minReplicaCount,
    max_replica_count: scaling.maxReplicaCount,
    scale_down_policy: { delay_seconds: scaling.scaleDownPolicy.delaySeconds },
    scale_up_policy: { delay_seconds: scaling.scaleUpPolicy.delaySeconds },
    queue_message_ttl_seconds: scaling.queueMessageTtlSeconds,
    concurrent_requests_per_replica: scaling.concurrentRequestsPerReplica,
    scaling_triggers: {
      queue_load: scalingTriggers.queueLoad,
      cpu_utilization: scalingTriggers.cpuUtilization,
      gpu_utilization: scalingTriggers.gpuUtilization,
    },
  };
}

export function ownerOf({ containers }: DeploymentAnswer): string | undefined {
  const variables = containers.flatMap(({ env }) => env);
  return variables.find(({ name }) => name === OWNER_VARIABLE)?.value_or_reference_to_secret;
}

type Declared = z.input<typeof containerDeploymentInputs>;

/** What the deployment would be declared by. Parts that say "none" are left out. */
export function inputsOf(
  deployment: DeploymentAnswer,
  scaling: ScalingAnswer,
  timeoutSeconds: number,
): ContainerDeploymentInputs {
  const registry = deployment.container_registry_settings;
  const declared = {
    name: deployment.name,
    isSpot: deployment.is_spot,
    compute: deployment.compute,
    containerRegistrySettings: {
      isPrivate: registry?.is_private ?? false,
      ...(registry?.credentials ? { credentials: registry.credentials } : {}),
    },
    containers: deployment.containers.map((container) => containerOf(container)),
    scaling: {
      minReplicaCount: scaling.min_replica_count,
      maxReplicaCount: scaling.max_replica_count,
      scaleDownPolicy: { delaySeconds: scaling.scale_down_policy.delay_seconds },
      scaleUpPolicy: { delaySeconds: scaling.scale_up_policy.delay_seconds },
      queueMessageTtlSeconds: scaling.queue_message_ttl_seconds,
      concurrentRequestsPerReplica: scaling.concurrent_requests_per_replica,
      scalingTriggers: {
        queueLoad: scaling.scaling_triggers.queue_load,
        cpuUtilization: withoutNulls(scaling.scaling_triggers.cpu_utilization),
        gpuUtilization: withoutNulls(scaling.scaling_triggers.gpu_utilization),
      },
    },
    timeoutSeconds,
  };
  return declared as ContainerDeploymentInputs;
}

function containerOf(
  container: DeploymentAnswer["containers"][number],
): Declared["containers"][number] {
  const { healthcheck, entrypoint_overrides: entrypoint } = container;
  return {
    image: container.image,
    exposedPort: container.exposed_port,
    ...(healthcheck?.enabled ? { healthcheck: withoutNulls(healthcheck) } : {}),
    ...(entrypoint?.enabled ? { entrypointOverrides: entrypoint } : {}),
    env: container.env
      .filter(({ name }) => name !== OWNER_VARIABLE)
      .map(({ name, type, value_or_reference_to_secret }) => ({
        name,
        valueOrReferenceToSecret: value_or_reference_to_secret,
        type,
      })),
    // The API adds the general storage by itself.
    volumeMounts: container.volume_mounts
      .filter(({ type }) => type !== "scratch")
      .map((mount) =>
        withoutNulls({
          type: mount.type,
          mountPath: mount.mount_path,
          sizeInMb: mount.size_in_mb,
          secretName: mount.secret_name,
          volumeId: mount.volume_id,
        }),
      ) as Declared["containers"][number]["volumeMounts"],
    shouldUseCachedImage: container.should_use_cached_image,
  } as Declared["containers"][number];
}

/**
 * A form in which two containers are equal when they mean the same: the API adds the general
 * storage by itself, and orders variables as it likes.
 */
export function meaning(containers: readonly Container[]): unknown {
  return containers.map((container) => {
    const { healthcheck, entrypointOverrides, env, volumeMounts, ...rest } = container;
    return {
      ...rest,
      ...(healthcheck?.enabled ? { healthcheck } : {}),
      ...(entrypointOverrides?.enabled ? { entrypointOverrides } : {}),
      env: [...env].sort((one, other) => one.name.localeCompare(other.name)),
      volumeMounts: volumeMounts.filter(({ type }) => type !== "scratch"),
    };
  });
}

function withoutNulls(part: object): object {
  return Object.fromEntries(
    Object.entries(part).filter(([, value]) => value !== null && value !== undefined),
  );
}
