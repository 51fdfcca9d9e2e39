/** A container's inputs as Docker's API takes them. */
import type Docker from "dockerode";
import type { ContainerInputs } from "./container-inputs.ts";

/** The docker package counts memory in MB of 1024 × 1024 bytes, the API in bytes. */
const MEGABYTE = 1024 * 1024;

/** @param image What the daemon knows the image by. */
export function containerOptions(
  inputs: ContainerInputs,
  image: string,
): Docker.ContainerCreateOptions {
  const { healthcheck, networksAdvanced: [first] = [] } = inputs;
  const ports = inputs.ports ?? [];
  return clean({
    name: inputs.name,
    Image: image,
    Entrypoint: inputs.entrypoints,
    Cmd: inputs.command,
    User: inputs.user,
    Env: inputs.envs,
    Hostname: inputs.hostname,
    Labels: Object.fromEntries((inputs.labels ?? []).map(({ label, value }) => [label, value])),
    ExposedPorts: Object.fromEntries(ports.map((port) => [portName(port), {}])),
    StopSignal: inputs.stopSignal,
    StopTimeout: inputs.stopTimeout,
    Healthcheck:
      healthcheck &&
      clean({
        Test: healthcheck.tests,
        Interval: healthcheck.interval,
        Timeout: healthcheck.timeout,
        StartPeriod: healthcheck.startPeriod,
        StartInterval: healthcheck.startInterval,
        Retries: healthcheck.retries,
      }),
    HostConfig: clean({
      ...updatable(inputs),
      NanoCpus: inputs.cpus === undefined ? undefined : Math.round(Number(inputs.cpus) * 1e9),
      ShmSize: inputs.shmSize === undefined ? undefined : inputs.shmSize * MEGABYTE,
      DeviceRequests: inputs.gpus && [{ Count: -1, Capabilities: [["gpu"]] }],
      ReadonlyRootfs: inputs.readOnly,
      Init: inputs.init,
      Tmpfs: inputs.tmpfs,
      Mounts: inputs.mounts?.map(({ type, source, target, readOnly }) => ({
        Type: type,
        Source: source,
        Target: target,
        ReadOnly: readOnly ?? false,
      })),
      PortBindings: bindings(ports),
      CapAdd: inputs.capabilities?.adds,
      CapDrop: inputs.capabilities?.drops,
      SecurityOpt: inputs.securityOpts,
      LogConfig: inputs.logDriver && { Type: inputs.logDriver, Config: inputs.logOpts ?? {} },
      // Created into the first network; older daemons take no more than one.
      NetworkMode: inputs.networkMode ?? first?.name,
    }),
    NetworkingConfig: first && { EndpointsConfig: { [first.name]: endpoint(first) } },
  }) as Docker.ContainerCreateOptions;
}

/** What a container that runs can still be given. */
export function updatable(inputs: ContainerInputs) {
  const { memory, memorySwap } = inputs;
  return clean({
    Memory: memory === undefined ? undefined : memory * MEGABYTE,
    MemorySwap: memorySwap === undefined || memorySwap < 0 ? memorySwap : memorySwap * MEGABYTE,
    RestartPolicy: clean({
      Name: inputs.restart ?? "no",
      MaximumRetryCount: inputs.maxRetryCount,
    }),
  });
}

export function endpoint({
  aliases,
  ipv4Address,
}: NonNullable<ContainerInputs["networksAdvanced"]>[number]): Docker.EndpointSettings {
  return clean({
    Aliases: aliases,
    IPAMConfig: ipv4Address === undefined ? undefined : { IPv4Address: ipv4Address },
  });
}

type Port = NonNullable<ContainerInputs["ports"]>[number];

const portName = ({ internal, protocol }: Port) => `${internal}/${protocol}`;

/** One port of a container may be on several addresses of the machine. */
function bindings(ports: readonly Port[]): Docker.PortMap {
  const places: Docker.PortMap = {};
  for (const port of ports) {
    (places[portName(port)] ??= []).push({
      HostIp: port.ip,
      HostPort: port.external === undefined ? "" : String(port.external),
    });
  }
  return places;
}

/** Without what is not given: the daemon has its own defaults. */
function clean<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]: Exclude<T[K], undefined> };
}
