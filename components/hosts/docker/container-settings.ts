/** Turns the plain parts of a service into the settings of a container. */
import type { Health } from "../service-spec.ts";
import type { ContainerShape } from "./container-spec.ts";

/**
 * How often a container is asked whether it is well, and how often "no" makes it unhealthy. An update
 * waits for the first answer, which comes after one interval: a longer one makes every update longer.
 */
const HEALTH = { interval: "5s", timeout: "5s", retries: 3 };

/** Logs of a container: at most 5 files of 10 MB. */
const LOG_OPTIONS = { "max-size": "10m", "max-file": "5" };

/**
 * The parts that follow from the shape alone.
 * @throws Error with one sentence when no health check can be made
 */
export function containerSettings(name: string, shape: ContainerShape) {
  return {
    user: shape.user,
    memory: shape.memoryMb,
    // The same bound for memory and swap together: no swap.
    memorySwap: shape.memoryMb,
    cpus: String(shape.cpus),
    readOnly: shape.readOnly,
    tmpfs: Object.fromEntries(shape.writable.map((path) => [path, TMPFS_OPTIONS])),
    mounts: shape.mounts.map((mount) => ({ ...mount })),
    ports: shape.hostNetwork ? [] : shape.ports.map((port) => ({ ...port, protocol: "tcp" })),
    // Custom nodes run any code: no program may gain rights that the container does not have.
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    init: true,
    restart: "unless-stopped",
    logDriver: "json-file",
    logOpts: LOG_OPTIONS,
    ...(shape.hostNetwork ? { networkMode: "host" } : { hostname: name }),
    ...(shape.entrypoint && { entrypoints: shape.entrypoint }),
    ...(shape.command && { command: shape.command }),
    ...(shape.gpus && { gpus: shape.gpus }),
    ...(shape.sharedMemoryMb && { shmSize: shape.sharedMemoryMb }),
  };
}

const TMPFS_OPTIONS = "rw,nosuid,nodev,size=256m,mode=1777";

export function healthcheck(name: string, shape: ContainerShape, health: Health) {
  const startPeriod = `${Math.ceil(health.timeoutSeconds)}s`;
  return { ...HEALTH, startPeriod, tests: ["CMD", ...healthCommand(name, shape, health)] };
}

function healthCommand(name: string, shape: ContainerShape, health: Health): readonly string[] {
  if (shape.healthCommand) return shape.healthCommand;
  switch (health.kind) {
    case "http":
      return ["curl", "-fsS", "-o", "/dev/null", health.url];
    case "command":
      return health.argv;
    case "tcp":
      throw new Error(
        `service ${name}: a container has no check of kind tcp: give container.healthCommand, such as ["redis-cli", "ping"].`,
      );
  }
}
