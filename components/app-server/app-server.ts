import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import type { Host } from "../hosts/index.ts";
import { Token } from "../secrets/index.ts";
import { Certificates, type CertificatesSettings } from "./certificates.ts";
import { ComfyuiFrontend } from "./comfyui-frontend.ts";
import { internalAddress } from "./container-place.ts";
import { FrontDoor } from "./front-door.ts";
import { comfyuisOf, lightVersions, type FrontendPlan } from "./frontends.ts";
import { LightFrontend, lightFrontendName } from "./light-frontend.ts";
import { type Participant, QueueManager } from "./queue-manager.ts";
import type { QueueRules } from "./queue-rules.ts";
import { Redis, type RedisAddress, type RedisUserName } from "./redis.ts";

export interface AppServerArgs extends QueueRules {
  readonly host: Host;
  readonly projectName: string;
  /** Version of this project's own services, shown in status. */
  readonly version: string;
  /** Who sees which editor; everybody is in it. */
  readonly frontends: readonly FrontendPlan[];
  /** How often a participant's link was made anew, from 1. Another number is another token. */
  readonly linkGenerations?: Readonly<Record<string, number>>;
  /** Participants whose token nobody is told: the one that they had is worth nothing. */
  readonly revokedUsers?: readonly string[];
  /** Workers' names: worker-1 … */
  readonly workers: readonly string[];
  /** More tokens for workers, by name: of serverless slots. */
  readonly slotTokens?: Readonly<Record<string, pulumi.Output<string>>>;
  /** The official frontend package of a ComfyUI version, unpacked; an image has its own. */
  readonly bundleDirectory: (comfyuiVersion: string) => string;
  readonly gatewayPort: number;
  readonly redisPort: number;
  /** Port of a version's light frontend. */
  readonly frontendPort: (comfyuiVersion: string) => number;
  /** Everything that has to outlive a restart. */
  readonly dataDirectory: string;
  /** How it is reached from outside. Default: not at all, browsers on this machine ask the gateway. */
  readonly site?: SiteArgs;
}

/** An app server in containers, behind nginx. */
export interface SiteArgs {
  /** `comfy.example.net` */
  readonly serverName: string;
  /** Of the machine in the private network. */
  readonly privateAddress: pulumi.Input<string>;
  /** Its containers' networks, `172.29.80.0/22`. */
  readonly containerNetwork: string;
  /** ComfyUI version that most participants see. */
  readonly frontendVersion: string;
  readonly images: AppServerImages;
  /** Of one full ComfyUI, MB. */
  readonly comfyuiMemoryMb: number;
  readonly comfyuiCpus: number;
  /** Whether workers come from outside the private network. */
  readonly publicWorkers: boolean;
  readonly certificates: CertificatesSettings;
  /** For the challenge by DNS. */
  readonly cloudflareToken?: pulumi.Input<string>;
}

export interface AppServerImages {
  readonly queueManager: pulumi.Input<string>;
  readonly redis: pulumi.Input<string>;
  readonly nginx: pulumi.Input<string>;
  readonly certificates: pulumi.Input<string>;
  readonly frontend: (comfyuiVersion: string) => pulumi.Input<string>;
  readonly comfyuiFrontend: (comfyuiVersion: string) => pulumi.Input<string>;
}

/** Folders of an app server's data, which a machine has to have before containers start. */
export const dataFolders = (dataDirectory: string, frontends: readonly FrontendPlan[]) => ({
  redis: path.join(dataDirectory, "redis"),
  userdata: path.join(dataDirectory, "userdata"),
  files: path.join(dataDirectory, "files"),
  cache: path.join(dataDirectory, "cache"),
  editor: path.join(dataDirectory, "editor"),
  tls: path.join(dataDirectory, "tls"),
  acme: path.join(dataDirectory, "acme"),
  certificates: path.join(dataDirectory, "certificates"),
  ...Object.fromEntries(
    comfyuisOf(frontends).map(({ name }) => [name, path.join(dataDirectory, "comfyui", name)]),
  ),
});

export interface NamedAddress {
  readonly name: string;
  /** Host and port. */
  readonly address: string;
}

/** What browsers and workers talk to: Redis, the gateways with their queue, and the editors. */
export class AppServer extends pulumi.ComponentResource {
  /** Where browsers come in. */
  readonly url: string;
  readonly participants: readonly Participant[];
  /** The gateways and the light editors, `queue-manager-1:8600`, as other services find them. */
  readonly queueManagers: readonly NamedAddress[];
  readonly lightFrontends: readonly NamedAddress[];
  readonly adminToken: pulumi.Output<string>;
  readonly workerTokens: Readonly<Record<string, pulumi.Output<string>>>;
  readonly #redis: Redis;

  constructor(name: string, args: AppServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:AppServer", name, {}, opts);
    const { host, site, version, frontends } = args;
    const child = { parent: this };
    const token = (owner: string) => {
      const generation = args.linkGenerations?.[owner] ?? 1;
      const keepers = {
        ...(generation > 1 && { generation: String(generation) }),
        ...(args.revokedUsers?.includes(owner) && { revoked: "yes" }),
      };
      const isFirst = Object.keys(keepers).length === 0;
      return new Token(`${owner}-token`, isFirst ? {} : { keepers }, child).value;
    };
    const folders = dataFolders(args.dataDirectory, frontends);
    const container = (image: pulumi.Input<string> | undefined) =>
      image === undefined ? {} : { container: { image } };
    const address = (service: Parameters<typeof internalAddress>[1]) =>
      internalAddress(site?.containerNetwork ?? "", service);

    this.adminToken = token("admin");
    this.workerTokens = Object.fromEntries(args.workers.map((worker) => [worker, token(worker)]));
    const frontendToken = token("frontend");

    this.#redis = new Redis(
      "redis",
      {
        ...{ host, version, port: args.redisPort, dataDirectory: folders.redis },
        ...container(site?.images.redis),
        ...(site && { privateAddress: site.privateAddress }),
      },
      child,
    );

    const lightUrls = new Map(
      lightVersions(frontends).map((comfyuiVersion) => {
        const frontend = new LightFrontend(
          lightFrontendName(comfyuiVersion),
          {
            host,
            comfyuiVersion,
            port: args.frontendPort(comfyuiVersion),
            bundleDirectory: args.bundleDirectory(comfyuiVersion),
            userdataDirectory: folders.userdata,
            cacheDirectory: folders.cache,
            users: frontends.map(({ user }) => user),
            token: frontendToken,
            ...(site && {
              container: {
                image: site.images.frontend(comfyuiVersion),
                editorDirectory: folders.editor,
              },
            }),
          },
          child,
        );
        return [comfyuiVersion, frontend.url] as const;
      }),
    );
    this.lightFrontends = [...lightUrls].map(([comfyuiVersion, url]) => ({
      name: lightFrontendName(comfyuiVersion),
      address: new URL(url).host,
    }));
    this.queueManagers = (
      site ? (["queue-manager-1", "queue-manager-2"] as const) : ["queue-manager"]
    ).map((service) => ({
      name: service,
      address: `${host.addressOf(service)}:${args.gatewayPort}`,
    }));
    this.url = site
      ? `https://${site.serverName}`
      : `http://${host.addressOf("queue-manager")}:${args.gatewayPort}`;
    if (site) this.#comfyuis(site, args, folders);

    this.participants = frontends.map(({ user, engine, version: seen }) => ({
      id: user,
      token: token(user),
      frontendUrl:
        engine === "light" ? (lightUrls.get(seen) ?? "") : FrontDoor.comfyuiDoor(address("nginx")),
    }));

    const queueManager = (service: string, place: object, dependsOn: pulumi.Resource[]) =>
      new QueueManager(
        service,
        {
          ...args,
          ...place,
          port: args.gatewayPort,
          redis: this.#redis.addressFor("manager"),
          dataDirectory: folders.files,
          participants: this.participants,
          adminToken: this.adminToken,
          frontendToken,
          workerTokens: { ...this.workerTokens, ...args.slotTokens },
        },
        { ...child, dependsOn },
      );
    if (!site) {
      queueManager("queue-manager", {}, [this.#redis]);
    } else {
      // One after the other: while one is replaced, the other serves.
      const image = site.images.queueManager;
      const replicas = (["queue-manager-1", "queue-manager-2"] as const).reduce<QueueManager[]>(
        (before, service) => [
          ...before,
          queueManager(service, { container: { image, address: address(service) } }, [
            this.#redis,
            ...before,
          ]),
        ],
        [],
      );
      const certificates = new Certificates(
        "certificates",
        {
          ...{ host, version },
          domains: [site.serverName],
          settings: site.certificates,
          httpAddress: `${host.addressOf("nginx")}:80`,
          ...(site.cloudflareToken !== undefined && { cloudflareToken: site.cloudflareToken }),
          directories: { tls: folders.tls, acme: folders.acme, state: folders.certificates },
          container: { image: site.images.certificates },
        },
        child,
      );
      new FrontDoor(
        "nginx",
        {
          ...{ host, version, frontends, frontendToken },
          serverName: site.serverName,
          frontendVersion: site.frontendVersion,
          queueManagers: replicas.map(({ url }) => new URL(url).host),
          address: address("nginx"),
          workerPort: args.gatewayPort,
          privateAddress: site.privateAddress,
          publicWorkers: site.publicWorkers,
          directories: { tls: folders.tls, acme: folders.acme, editor: folders.editor },
          container: { image: site.images.nginx },
        },
        // Its own placeholder lets nginx start before there is a certificate.
        { ...child, dependsOn: [...replicas, certificates] },
      );
    }
    this.registerOutputs({});
  }

  /** Where a service of the same host finds Redis. */
  redisFor(username: RedisUserName): RedisAddress {
    return this.#redis.addressFor(username);
  }

  /** Full ComfyUIs, one after the other: each takes a core while it starts. */
  #comfyuis(
    site: SiteArgs,
    { host, frontends }: AppServerArgs,
    folders: Readonly<Record<string, string>>,
  ): void {
    let before: pulumi.Resource[] = [];
    for (const { name, version, shared, users } of comfyuisOf(frontends)) {
      const comfyui = new ComfyuiFrontend(
        name,
        {
          ...{ host, shared },
          comfyuiVersion: version,
          user: users[0]?.user ?? "",
          siteUrl: `https://${site.serverName}`,
          dataDirectory: folders[name] ?? "",
          container: { image: site.images.comfyuiFrontend(version) },
          memoryMb: site.comfyuiMemoryMb,
          cpus: site.comfyuiCpus,
        },
        { parent: this, dependsOn: before },
      );
      before = [comfyui];
    }
  }
}
