/**
 * A stack's app server, and its backup, in containers of images that were built here: the real components, brought up by
 * the real engine through the stand-in for Docker. Its GPU worker is two processes of this machine, as
 * far from the containers as a rented machine: it has the published ports alone.
 */
import * as pulumi from "@pulumi/pulumi";
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { freePort } from "../../bench/platform/listening.ts";
import {
  AppServer,
  Backup,
  backupSettingsSchema,
  dataFolders,
  networks,
  subnets,
  type AppServerArgs,
} from "../../components/app-server/index.ts";
import { DockerHost } from "../../components/hosts/index.ts";
import { repository } from "../../components/installation.ts";
import { userNames } from "../../components/naming.ts";
import { DOCKER_VARIABLE, standInPlugins } from "../../rehearsal/stand-ins/index.ts";
import { settingsSchema } from "../../stacks/settings-schema.ts";
import type { DockerDaemon } from "../docker/daemon.ts";
import type { Certificates } from "../nginx/certificates.ts";
import { Part } from "../soak/part.ts";
import { StandInProject, type Run } from "../stand-ins/project.ts";
import type { Participant } from "../stack-under-test.ts";
import type { OwnImage, ServiceImage } from "./service-images.ts";

/** Goes before the names of all that is made. */
export const PREFIX = "comfymulti-app-server";
/** Whose certificate the site has; every port of it is this machine's loopback. */
export const SERVER_NAME = "localhost";
const VERSION = "0.11.1";
const USERS = 20;
const WORKER = "worker-1";
const CONTAINER_NETWORK = "172.29.80.0/22";
const FRONTEND_PORT = 8620;
/** Nobody answers there: the site's certificate is there before it is asked for. */
const NO_AUTHORITY = "https://127.0.0.1:9/directory";

const REPOSITORY_PASSWORD = "of-this-test-alone";

export type Images = Readonly<Record<Exclude<ServiceImage, "dispatcher"> | OwnImage, string>>;

/** What only the running program knows. */
interface Secrets {
  readonly tokens: Readonly<Record<string, string>>;
  readonly workerToken: string;
  readonly redisPassword: string;
}

export class ContainerisedAppServer {
  readonly #project: StandInProject;
  readonly #folder = mkdtempSync(path.join(tmpdir(), "comfymulti-app-server-"));
  readonly #socket: string;
  readonly #images: Images;
  readonly #ports: { readonly https: number; readonly worker: number; readonly redis: number };
  readonly #parts: Part[] = [];
  #secrets: Secrets | undefined;

  private constructor(daemon: DockerDaemon, images: Images, ports: readonly number[]) {
    const [https = 0, worker = 0, redis = 0] = ports;
    this.#project = new StandInProject({ [DOCKER_VARIABLE]: daemon.socket });
    // Tokens are the project's own provider's.
    const own = {
      name: "comfymulti",
      path: path.join(repository, "components", "hosts", "process", "plugin"),
    };
    writeFileSync(
      path.join(this.#project.folder, "Pulumi.yaml"),
      stringify({
        name: "rehearsed",
        runtime: "nodejs",
        plugins: { providers: [...standInPlugins(), own] },
      }),
    );
    this.#socket = daemon.socket;
    this.#images = images;
    this.#ports = { https, worker, redis };
  }

  /** Puts everything on the machine that its bootstrap would: folders, and a certificate. */
  static async prepare(
    daemon: DockerDaemon,
    images: Images,
    certificates: Certificates,
  ): Promise<ContainerisedAppServer> {
    const ports = [await freePort(), await freePort(), await freePort()];
    const server = new ContainerisedAppServer(daemon, images, ports);
    const folders = {
      ...dataFolders(server.#folder, plans),
      backup: path.join(server.#folder, "backup"),
    };
    for (const folder of Object.values(folders)) {
      mkdirSync(folder, { recursive: true });
      chownSync(folder, 10001, 10001);
    }
    const files = {
      "certificate.pem": certificates.certificate,
      "key.pem": certificates.certificateKey,
    };
    for (const [name, source] of Object.entries(files)) {
      const file = path.join(folders.tls, name);
      copyFileSync(source, file);
      chownSync(file, 10001, 10001);
    }
    await server.#initialiseRepository(daemon, folders.backup);
    return server;
  }

  /** The service makes a repository in an empty bucket by itself, not in a folder. */
  async #initialiseRepository(daemon: DockerDaemon, folder: string): Promise<void> {
    await daemon.docker(
      ...["run", "--rm", "--volume", `${folder}:${folder}`, "--entrypoint", "restic"],
      ...["--env", `RESTIC_PASSWORD=${REPOSITORY_PASSWORD}`, this.#images.backup],
      ...["--repo", path.join(folder, "repository"), "--no-cache", "init"],
    );
  }

  run(operation: "up" | "destroy"): Promise<Run> {
    return this.#project.run(operation, () => this.#program());
  }

  participant(id: string): Participant {
    const url = `https://${SERVER_NAME}:${this.#ports.https}/${id}/`;
    const token = this.#known().tokens[id];
    if (token === undefined) throw new Error(`there is no ${id}`);
    return { id, url, token, link: `${url}?token=${token}` };
  }

  /** A worker with a simulated ComfyUI, which reaches Redis and the workers' door. */
  async startWorker(): Promise<void> {
    const { workerToken, redisPassword } = this.#known();
    const [comfyuiPort, healthPort] = [await freePort(), await freePort()];
    const start = async (name: string, entry: string, environment: object, healthUrl: string) =>
      this.#parts.push(
        await Part.start({
          name,
          program: [path.join(repository, entry)],
          environment: { LOG_LEVEL: "fatal", ...environment },
          healthUrl,
        }),
      );
    await start(
      "ComfyUI",
      "worker/simulated-comfyui/src/main.ts",
      {
        PORT: String(comfyuiPort),
        DATA_DIRECTORY: path.join(this.#folder, "comfyui-of-the-worker"),
        SPEED: "10",
      },
      `http://127.0.0.1:${comfyuiPort}/system_stats`,
    );
    await start(
      "worker",
      "worker/src/main.ts",
      {
        WORKER_NAME: WORKER,
        WORKER_TOKEN: workerToken,
        INFERENCE_SERVER_REDIS_HOST: "127.0.0.1",
        REDIS_PORT: String(this.#ports.redis),
        REDIS_USERNAME: "worker",
        REDIS_PASSWORD: redisPassword,
        QUEUE_MANAGER_URL: `http://127.0.0.1:${this.#ports.worker}`,
        COMFYUI_URL: `http://127.0.0.1:${comfyuiPort}`,
        HEALTH_PORT: String(healthPort),
        SPOOL_DIRECTORY: path.join(this.#folder, "spool"),
      },
      `http://127.0.0.1:${healthPort}/health`,
    );
  }

  /** Ends the worker and removes every file; containers are the daemon's to remove. */
  async remove(): Promise<void> {
    for (const part of this.#parts.reverse()) await part.kill();
    this.#project.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #known(): Secrets {
    if (!this.#secrets) throw new Error("the app server is up first");
    return this.#secrets;
  }

  #program(): void {
    const subnet = subnets(CONTAINER_NETWORK);
    const host = new DockerHost("host", {
      address: this.#socket,
      prefix: PREFIX,
      networks: networks.map((name) => ({
        name,
        internal: name !== "edge",
        subnet: subnet[name],
      })),
    });
    const images = this.#images;
    const args: AppServerArgs = {
      ...settings,
      ...{ host, frontends: plans, dataDirectory: this.#folder },
      version: "test",
      workers: [WORKER],
      bundleDirectory: () => "",
      gatewayPort: this.#ports.worker,
      redisPort: this.#ports.redis,
      frontendPort: () => FRONTEND_PORT,
      site: {
        serverName: SERVER_NAME,
        privateAddress: "127.0.0.1",
        containerNetwork: CONTAINER_NETWORK,
        frontendVersion: VERSION,
        images: {
          queueManager: images["queue-manager"],
          redis: images.redis,
          nginx: images.nginx,
          certificates: images.certificates,
          frontend: () => images.frontend,
          comfyuiFrontend: () => "",
        },
        comfyuiMemoryMb: 2048,
        comfyuiCpus: 0.5,
        publicWorkers: false,
        certificates: {
          email: "host@example.net",
          server: NO_AUTHORITY,
          challenge: "http",
          renewDays: 1,
        },
      },
    };
    const server = new AppServer("app-server", args, {
      transformations: [onThisMachine(this.#ports.https)],
    });
    new Backup("backup", {
      ...{ host, version: "test", stackName: PREFIX, dataDirectory: this.#folder },
      settings: backupSettingsSchema.parse({}),
      // In place of a bucket: the one folder that it may write.
      repository: path.join(this.#folder, "backup", "repository"),
      password: REPOSITORY_PASSWORD,
      accessKeyId: "none",
      secretAccessKey: "none",
      redis: server.redisFor("backup"),
      container: { image: images.backup, ssh: "", prefix: PREFIX },
    });
    const tokens = server.participants.map(({ id, token }) => token.apply((text) => [id, text]));
    pulumi
      .all([
        pulumi.all(tokens),
        pulumi.output(server.workerTokens[WORKER] ?? ""),
        server.redisFor("worker").password,
      ])
      .apply(([pairs, workerToken, redisPassword]) => {
        const known = Object.fromEntries(pairs) as Record<string, string>;
        this.#secrets = { tokens: known, workerToken, redisPassword };
      });
  }
}

const settings = settingsSchema.parse({ kind: "local" });
const plans = userNames(USERS).map(
  (user) => ({ user, engine: "light", version: VERSION }) as const,
);

/**
 * What differs from a server: ports 80 and 443 are not ours to take, and nobody wants to wait five
 * seconds for each container's first check.
 */
function onThisMachine(httpsPort: number): pulumi.ResourceTransformation {
  return ({ type, props, opts }) => {
    if (type !== "docker:index/container:Container") return undefined;
    const { ports = [], healthcheck } = props as ContainerProps;
    return {
      opts,
      props: {
        ...props,
        ports: ports
          .filter(({ internal, ip }) => internal !== 80 && ip !== "::")
          .map((port) =>
            port.internal === 443 ? { ...port, external: httpsPort, ip: "127.0.0.1" } : port,
          ),
        healthcheck: pulumi.output(healthcheck).apply((check) => ({ ...check, interval: "1s" })),
      },
    };
  };
}

interface ContainerProps {
  readonly ports?: readonly { readonly internal: number; readonly ip?: unknown }[];
  readonly healthcheck: pulumi.Input<Readonly<Record<string, unknown>>>;
}
