import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { Host } from "../host.ts";
import { healthSchema, serviceNameSchema, serviceSpecSchema } from "../service-spec.ts";
import type { ServiceSpec } from "../service-spec.ts";
import { ContainerService } from "./container-service.ts";
import { containerSettings, healthcheck } from "./container-settings.ts";
import { containerShapeSchema, type ContainerShape } from "./container-spec.ts";

export interface DockerHostArgs {
  /** `unix:///var/run/docker.sock`, or `ssh://root@worker-1` over the private network. */
  readonly address: pulumi.Input<string>;
  /** Options of ssh, in its own spelling: `["-o", "ConnectTimeout=20"]`. Default none. */
  readonly sshOptions?: readonly string[];
  /** Where images of private registries are fetched from. Default: public ones only. */
  readonly registryAuth?: docker.ProviderArgs["registryAuth"];
  /** Goes before every container's name, so that two stacks fit on one machine: `comfyume-staging`. */
  readonly prefix: string;
  /**
   * Networks made on the machine, and which a service joins that names none: all of them. `internal`
   * ones have no way out. Default none: Docker's own bridge.
   */
  readonly networks?: readonly HostNetwork[];
  /** What identifies the machine behind the address; another machine needs everything anew. */
  readonly machine?: pulumi.Input<string>;
}

export interface HostNetwork {
  readonly name: string;
  /** Whether it has no way out, and nothing in it can be published. Default false. */
  readonly internal?: boolean;
  /** `172.29.81.0/24`: needed where services have an address of their own. Default: Docker chooses. */
  readonly subnet?: string;
}

/** Runs services as Docker containers, on this machine or over ssh. */
export class DockerHost extends pulumi.ComponentResource implements Host {
  readonly provider: docker.Provider;
  readonly #prefix: string;
  readonly #machine: pulumi.Input<string> | undefined;
  readonly #networks: ReadonlyMap<string, docker.Network>;

  constructor(name: string, args: DockerHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:hosts:DockerHost", name, {}, opts);
    this.#prefix = args.prefix;
    this.#machine = args.machine;
    this.provider = new docker.Provider(
      `${name}-docker`,
      {
        host: args.address,
        // A preview must not need the machine: it may not be there yet.
        disableDockerDaemonCheck: true,
        ...(args.sshOptions && { sshOpts: [...args.sshOptions] }),
        ...(args.registryAuth && { registryAuth: args.registryAuth }),
      },
      { parent: this },
    );
    this.#networks = new Map(
      (args.networks ?? []).map(({ name: network, internal = false, subnet }) => [
        network,
        new docker.Network(
          `${name}-${network}`,
          {
            name: `${args.prefix}-${network}`,
            internal,
            ...(subnet !== undefined && { ipamConfigs: [{ subnet }] }),
          },
          { parent: this, provider: this.provider },
        ),
      ]),
    );
    this.registerOutputs({});
  }

  /** Fetches an image and keeps it on the machine, also when nothing uses it: for a rollback. */
  image(
    name: string,
    reference: pulumi.Input<string>,
    opts?: pulumi.CustomResourceOptions,
  ): docker.RemoteImage {
    const own = { parent: this, provider: this.provider };
    const args = {
      name: reference,
      keepLocally: true,
      ...(this.#machine !== undefined && { triggers: { machine: this.#machine } }),
    };
    return new docker.RemoteImage(name, args, pulumi.mergeOptions(own, opts));
  }

  /**
   * @throws Error with one sentence when the specification lacks what a container needs, or has it
   *   wrong
   */
  service(name: string, spec: ServiceSpec, opts?: pulumi.CustomResourceOptions): ContainerService {
    serviceNameSchema.parse(name);
    const {
      image,
      environment: inside = {},
      ...rest
    } = spec.container ?? fault(name, NO_CONTAINER);
    const parsed = containerShapeSchema.safeParse(rest);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      fault(name, `container.${issue?.path.join(".") ?? ""} ${issue?.message ?? "is wrong"}`);
    }
    const shape = parsed.data;
    const health = pulumi.output(spec.health).apply((given) => healthSchema.parse(given));
    const stop = pulumi
      .output(spec.stop)
      .apply((given) => serviceSpecSchema.shape.stop.parse(given));

    const settings = containerSettings(name, shape);
    const check = health.apply((given) => healthcheck(name, shape, given));

    const args: docker.ContainerArgs = {
      ...settings,
      name: `${this.#prefix}-${name}`,
      image,
      envs: pulumi
        .all([spec.environment ?? {}, pulumi.secret(spec.secretEnvironment ?? {}), inside])
        .apply(([plain, secret, own]) => variables({ ...plain, ...own, ...secret })),
      healthcheck: check,
      // Ready only when healthy: what comes after it in an update may count on it.
      wait: true,
      waitTimeout: health.timeoutSeconds.apply((seconds) => Math.ceil(seconds) + 30),
      stopSignal: stop.apply(({ signal }) => signal),
      stopTimeout: stop.apply(({ graceSeconds }) => graceSeconds),
      destroyGraceSeconds: stop.apply(({ graceSeconds }) => graceSeconds),
      labels: labels({
        stack: this.#prefix,
        service: name,
        version: spec.version,
        // The provider takes another check or folder in memory for done and does nothing; another
        // label makes the container anew.
        settings: check.apply((given) => digest({ check: given, tmpfs: settings.tmpfs })),
        ...(this.#machine !== undefined && { machine: this.#machine }),
      }),
      ...(!shape.hostNetwork && {
        networksAdvanced: this.#joined(name, shape.networks).map(({ network, address }) => ({
          name: network.name,
          aliases: [name],
          ...(address !== undefined && { ipv4Address: address }),
        })),
      }),
    };
    const own: pulumi.CustomResourceOptions = {
      parent: this,
      provider: this.provider,
      // Two containers can't have one name.
      deleteBeforeReplace: true,
      additionalSecretOutputs: ["envs"],
    };
    const service = new ContainerService(name, args, pulumi.mergeOptions(own, opts));
    service.version = pulumi.output(spec.version);
    service.healthUrl = health.apply((check) => (check.kind === "http" ? check.url : undefined));
    return service;
  }

  /** Containers of one network find each other by name. */
  addressOf(service: string): string {
    return service;
  }

  #joined(name: string, wanted: ContainerShape["networks"]) {
    const places: NonNullable<ContainerShape["networks"]> =
      wanted ?? [...this.#networks.keys()].map((network) => ({ name: network }));
    return places.map((place) => ({
      ...place,
      network:
        this.#networks.get(place.name) ??
        fault(name, `network ${place.name} is not one of this host: add it to the host's networks`),
    }));
  }
}

const NO_CONTAINER = "has no part `container`, and this host runs containers: add it";

function fault(name: string, sentence: string): never {
  throw new Error(`service ${name}: ${sentence}.`);
}

/** In a fixed order, so that the same variables are never a change. */
function variables(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .sort();
}

const digest = (value: object) =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);

function labels(values: Readonly<Record<string, pulumi.Input<string>>>) {
  return Object.entries(values).map(([key, value]) => ({ label: `comfymulti.${key}`, value }));
}
