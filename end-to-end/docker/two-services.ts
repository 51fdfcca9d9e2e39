/**
 * A program for real containers: Redis that only its own network reaches, and a door to it with a
 * port on this machine's loopback. And a machine elsewhere, of which nothing is here.
 */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DockerHost, type ServiceSpec } from "../../components/hosts/index.ts";
import { buildImage, BASE_IMAGE } from "./base-image.ts";
import type { DockerDaemon } from "./daemon.ts";

/** Goes before the names of all that is made. */
export const PREFIX = "comfymulti-test";
export const TEST_IMAGE = "comfymulti/two-services:test";
export const PASSWORD = "of-this-test-alone";

export const buildTestImage = (daemon: DockerDaemon): Promise<string> =>
  buildImage(daemon, {
    tag: TEST_IMAGE,
    dockerfile: [
      `FROM ${BASE_IMAGE}`,
      "RUN apt-get update && apt-get install -y --no-install-recommends redis-server socat && rm -rf /var/lib/apt/lists/*",
      "RUN install -d -o 10001 -g 10001 /data",
    ].join("\n"),
  });

export interface Wishes {
  readonly socket: string;
  readonly image: string;
  /** Port of the door on 127.0.0.1. */
  readonly port: number;
  readonly greeting?: string;
  readonly doorMemoryMb?: number;
  readonly doorHealthSeconds?: number;
  /** Whether there is a service, too, that never gets well. */
  readonly broken?: boolean;
}

const bare = { version: "1", command: ["none"], workingDirectory: "/" };

export function twoServices(wishes: Wishes): void {
  const host = new DockerHost("app", {
    address: wishes.socket,
    prefix: PREFIX,
    networks: [{ name: "edge" }, { name: "internal", internal: true }],
  });
  const own = { parent: host, provider: host.provider };
  const data = new docker.Volume("redis-data", { name: `${PREFIX}-redis` }, own);
  const image = host.image("image", wishes.image).imageId;

  const redis = host.service("redis", redisSpec(image, data.name));
  host.service("door", doorSpec(image, wishes), { dependsOn: [redis] });
  if (wishes.broken === true) host.service("broken", brokenSpec(image));

  new DockerHost("elsewhere", {
    address: "ssh://root@worker-1.example.net",
    prefix: PREFIX,
  }).service("worker", {
    ...bare,
    health: { kind: "command", argv: ["true"] },
    container: { image: "nobody/has:this", memoryMb: 64, cpus: 1 },
  });
}

function redisSpec(image: pulumi.Input<string>, volume: pulumi.Output<string>): ServiceSpec {
  return {
    ...bare,
    secretEnvironment: {
      REDIS_CONFIG: pulumi.secret(
        `dir /data\nappendonly yes\nappendfsync always\nrequirepass ${PASSWORD}`,
      ),
    },
    health: { kind: "command", argv: ["sh", "-c", "redis-cli ping 2>&1 | grep -q NOAUTH"] },
    container: {
      image,
      entrypoint: ["sh", "-c", "exec redis-server - <<END\n$REDIS_CONFIG\nEND"],
      memoryMb: 128,
      cpus: 0.5,
      networks: [{ name: "internal" }],
      mounts: [{ type: "volume", source: `${PREFIX}-redis`, target: "/data" }],
      // The volume has to be there first.
      environment: { VOLUME: volume },
    },
  };
}

function doorSpec(image: pulumi.Input<string>, wishes: Wishes): ServiceSpec {
  return {
    ...bare,
    environment: { GREETING: wishes.greeting ?? "hello" },
    health: {
      kind: "command",
      argv: ["sh", "-c", "redis-cli -p 8080 ping 2>&1 | grep -q NOAUTH"],
      timeoutSeconds: wishes.doorHealthSeconds ?? 60,
    },
    stop: { graceSeconds: 2 },
    container: {
      image,
      entrypoint: ["socat", "TCP-LISTEN:8080,fork,reuseaddr", "TCP:redis:6379"],
      memoryMb: wishes.doorMemoryMb ?? 64,
      cpus: 0.25,
      networks: [{ name: "edge" }, { name: "internal" }],
      ports: [{ internal: 8080, external: wishes.port }],
    },
  };
}

function brokenSpec(image: pulumi.Input<string>): ServiceSpec {
  return {
    ...bare,
    health: { kind: "command", argv: ["sh", "-c", "echo nobody home; false"], timeoutSeconds: 1 },
    stop: { graceSeconds: 1 },
    container: {
      image,
      entrypoint: ["sh", "-c", "echo looking for models; echo no model found >&2; sleep 600"],
      memoryMb: 32,
      cpus: 0.25,
      networks: [{ name: "internal" }],
    },
  };
}
