import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host.ts";
import { healthSchema, serviceNameSchema, serviceSpecSchema } from "../service-spec.ts";
import type { ServiceSpec } from "../service-spec.ts";
import { ContainerService } from "./container-service.ts";
import { containerSettings, healthcheck } from "./container-settings.ts";
import { containerShapeSchema } from "./container-spec.ts";

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
  readonly networks?: readonly { readonly name: string; readonly internal?: boolean }[];
  /** What identifies the machine behind the address; another machine needs everything anew. */
  readonly machine?: pulumi.Input<string>;
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
      (args.networks ?? []).map(({ name: network, internal = false }) => [
        network,
        new docker.Network(
          `${name}-${network}`,
          { name: `${args.prefix}-${network}`, internal },
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

    const args: docker.ContainerArgs = {
      ...containerSettings(name, shape),
      name: `${this.#prefix}-${name}`,
      image,
      envs: pulumi
        .all([spec.environment ?? {}, pulumi.secret(spec.secretEnvironment ?? {}), inside])
        .apply(([plain, secret, own]) => variables({ ...plain, ...own, ...secret })),
      healthcheck: health.apply((check) => healthcheck(name, shape, check)),
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
        ...(this.#machine !== undefined && { machine: this.#machine }),
      }),
      ...(!shape.hostNetwork && {
        networksAdvanced: this.#joined(name, shape.networks).map((network) => ({
          name: network.name,
          aliases: [name],
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

  #joined(name: string, wanted: readonly string[] | undefined): docker.Network[] {
    const names = wanted ?? [...this.#networks.keys()];
    return names.map(
      (network) =>
        this.#networks.get(network) ??
        fault(name, `network ${network} is not one of this host: add it to the host's networks`),
    );
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

function labels(values: Readonly<Record<string, pulumi.Input<string>>>) {
  return Object.entries(values).map(([key, value]) => ({ label: `comfymulti.${key}`, value }));
}
