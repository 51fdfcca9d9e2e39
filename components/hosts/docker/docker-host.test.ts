import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ServiceSpec } from "../service-spec.ts";
import type { ContainerSpec } from "./container-spec.ts";
import { DockerHost } from "./docker-host.ts";

/** Which containers a DockerHost declares; nothing runs. */

interface Declared {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}
let declared: Declared[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      declared.push({ type, name, inputs: inputs as Record<string, unknown> });
      return { id: `${name}-id`, state: { mustRun: true, ...(inputs as object) } };
    },
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
});
beforeEach(() => {
  declared = [];
});

const spec: ServiceSpec = {
  version: "1.2",
  command: ["/home/me/node", "/home/me/web.ts"],
  environment: { HOST: "127.0.0.1", PORT: "80", FOLDER: "/home/me/data" },
  secretEnvironment: { TOKEN: pulumi.secret("a-token") },
  workingDirectory: "/home/me",
  health: { kind: "http", url: "http://127.0.0.1:80/health", timeoutSeconds: 120 },
  stop: { graceSeconds: 90 },
  container: {
    image: "web:1.2",
    memoryMb: 512,
    cpus: 0.5,
    environment: { HOST: "0.0.0.0", FOLDER: "/data" },
    mounts: [{ type: "bind", source: "/srv/data", target: "/data" }],
    ports: [{ internal: 80, external: 8080 }],
  },
};

function newHost(name = "host") {
  return new DockerHost(name, {
    address: "unix:///var/run/docker.sock",
    prefix: "comfyume-staging",
    networks: [{ name: "edge" }, { name: "internal", internal: true }],
  });
}

async function containerOf(service: pulumi.Resource): Promise<Declared["inputs"]> {
  await valueOf(service.urn);
  const found = declared.find(({ type }) => type === "docker:index/container:Container");
  if (!found) throw new Error("no container was declared");
  return found.inputs;
}

describe("a service on a DockerHost", () => {
  test("is a bounded container without root, with health check, restarts and bounded logs", async () => {
    const inputs = await containerOf(newHost().service("web", spec));
    expect(inputs).toMatchObject({
      name: "comfyume-staging-web",
      image: "web:1.2",
      user: "10001:10001",
      memory: 512,
      memorySwap: 512,
      cpus: "0.5",
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      restart: "unless-stopped",
      logOpts: { "max-size": "10m", "max-file": "5" },
      healthcheck: {
        tests: ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:80/health"],
        startPeriod: "120s",
      },
      wait: true,
      waitTimeout: 150,
      stopTimeout: 90,
      destroyGraceSeconds: 90,
      mounts: [{ type: "bind", source: "/srv/data", target: "/data", readOnly: false }],
      ports: [{ internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" }],
      networksAdvanced: [
        { name: "comfyume-staging-edge", aliases: ["web"] },
        { name: "comfyume-staging-internal", aliases: ["web"] },
      ],
      labels: [
        { label: "comfymulti.stack", value: "comfyume-staging" },
        { label: "comfymulti.service", value: "web" },
        { label: "comfymulti.version", value: "1.2" },
        { label: "comfymulti.settings", value: expect.stringMatching(/^[0-9a-f]{16}$/) as string },
      ],
    });
    expect(inputs).not.toHaveProperty("command");
  });

  test("gets the container's own values of variables, and its variables are secret", async () => {
    const { envs } = await containerOf(newHost("secrets").service("web", spec));
    expect(envs).toMatchObject({
      value: ["FOLDER=/data", "HOST=0.0.0.0", "PORT=80", "TOKEN=a-token"],
    });
  });

  test("on the machine's own network publishes nothing and joins nothing", async () => {
    const container = { ...spec.container, hostNetwork: true, gpus: "all" } as ContainerSpec;
    const inputs = await containerOf(newHost("own").service("web", { ...spec, container }));
    expect(inputs).toMatchObject({ networkMode: "host", ports: [], gpus: "all" });
    expect(inputs).not.toHaveProperty("networksAdvanced");
  });

  test("tells its version, its status and where its health is asked", async () => {
    const service = newHost("facts").service("web", spec);
    expect(await valueOf(service.version)).toBe("1.2");
    expect(await valueOf(service.status)).toBe("running");
    expect(await valueOf(service.healthUrl)).toBe("http://127.0.0.1:80/health");
  });
});

test.each([
  ["no container part", undefined, "has no part `container`"],
  ["root", { user: "0:0" }, "container.user"],
  [
    "a relative target",
    { mounts: [{ type: "bind", source: "/a", target: "b" }] },
    "mounts.0.target",
  ],
  ["an unknown network", { networks: [{ name: "moon" }] }, "network moon is not one of this host"],
])("%s is refused in one sentence", (_what, change, sentence) => {
  const { container, ...bare } = spec;
  const changed = change && ({ ...container, ...change } as ContainerSpec);
  const host = newHost("faulty");
  const declare = () => host.service("web", { ...bare, ...(changed && { container: changed }) });
  expect(declare).toThrow(sentence);
});

function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}
