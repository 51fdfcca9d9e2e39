import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { monitoringOptionsSchema } from "@comfymulti/monitoring";
import { check, reason } from "../../services/monitoring/test/programs.ts";
import { DockerHost, serviceSpecSchema, type Host, type ServiceSpec } from "../hosts/index.ts";
import { Monitoring, monitoringPorts, type MonitoringArgs } from "./monitoring.ts";

/** What the monitoring declares; nothing runs. It runs in end-to-end/monitoring.test.ts. */

if (reason !== undefined) console.log(reason);

const PRIVATE_ADDRESS = "100.99.216.71";
const ADMIN_TOKEN = "token-of-the-admin";
const DATA = "/srv/comfymulti";
const services = Object.keys(monitoringPorts).sort();
const digest = (digit: string) => `registry.example/stock@sha256:${digit.repeat(64)}`;

interface Declared {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}
const declared: Declared[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      const given = inputs as Record<string, unknown>;
      declared.push({ type, name, inputs: given });
      const made = type === "comfymulti:index:Token" ? { value: `token-of-${name}` } : {};
      return { id: `${name}-id`, state: { mustRun: true, ...given, ...made } };
    },
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
});

const args = (host: Host): MonitoringArgs => ({
  host,
  version: "0.1.0",
  stackName: "comfyume-workshop",
  settings: monitoringOptionsSchema.parse({ alerts: { webhook: "https://hooks.example.net/T0" } }),
  dataDirectory: DATA,
  figuresOf: ["backup", "certificates"],
  queueManagers: [{ name: "queue-manager-1", address: "172.29.81.11:8600" }],
  workers: [{ name: "worker-1", address: pulumi.output("worker-1.tail1234.ts.net:8640") }],
  frontends: [{ name: "frontend-0-11-1", address: "frontend-0-11-1:8201" }],
  site: { address: "172.29.81.10:443", serverName: "comfy.example.net" },
  adminToken: pulumi.secret(ADMIN_TOKEN),
  redis: {
    ...{ host: "redis", port: 6379, username: "exporter" },
    password: pulumi.secret("password-of-the-exporter"),
  },
  leaseSeconds: 30,
});

describe("on a host of containers", () => {
  const variables = new Map<string, Readonly<Record<string, string>>>();
  const containers = new Map<string, Declared["inputs"]>();
  let monitoring: Monitoring;

  beforeAll(async () => {
    const host = new DockerHost("host", {
      address: "unix:///var/run/docker.sock",
      prefix: "comfyume-workshop",
      networks: [{ name: "edge" }, { name: "internal", internal: true }, { name: "frontends" }],
    });
    const images = Object.fromEntries(
      services.map((service, index) => [service, digest(String(index))]),
    ) as NonNullable<MonitoringArgs["container"]>["images"];
    monitoring = new Monitoring("monitoring", {
      ...args(host),
      container: { images, privateAddress: pulumi.output(PRIVATE_ADDRESS) },
    });
    await Promise.all(monitoring.services.map(({ urn }) => valueOf(urn)));
    for (const { type, name, inputs } of declared) {
      if (!type.endsWith(":Container")) continue;
      containers.set(name, inputs);
      const { value: envs } = inputs["envs"] as { value: string[] };
      variables.set(name, Object.fromEntries(envs.map(splitVariable)));
    }
  });

  test("it is six containers of stock images, each read-only and no root", () => {
    expect([...containers.keys()].sort()).toEqual(services);
    for (const inputs of containers.values()) {
      expect(inputs).toMatchObject({
        image: expect.stringMatching(/@sha256:/) as string,
        user: "10001:10001",
        readOnly: true,
        entrypoints: ["sh", "-c", expect.stringMatching(/exec /) as string],
        healthcheck: { tests: expect.arrayContaining(["CMD", "wget"]) as string[] },
      });
    }
  });

  test("three pages are published, and on the private address alone", () => {
    const published = [...containers].flatMap(([name, { ports }]) =>
      (ports as { ip: string; external: number }[]).map(({ ip, external }) => [name, ip, external]),
    );
    expect(published.sort()).toEqual([
      ["alertmanager", PRIVATE_ADDRESS, 9093],
      ["grafana", PRIVATE_ADDRESS, 3000],
      ["prometheus", PRIVATE_ADDRESS, 9090],
    ]);
  });

  test("what need not get out has no way out", () => {
    const joined = (name: string) =>
      (containers.get(name)?.["networksAdvanced"] as { name: string }[]).map(({ name }) => name);
    for (const exporter of ["node-exporter", "redis-exporter", "blackbox-exporter"]) {
      expect(joined(exporter)).toEqual(["comfyume-workshop-internal"]);
    }
    expect(joined("prometheus")).toEqual(["comfyume-workshop-internal", "comfyume-workshop-edge"]);
  });

  test("other services' figures are mounted read-only, and no folder of the machine besides", () => {
    expect(containers.get("node-exporter")?.["mounts"]).toEqual(
      ["backup", "certificates"].map((owner) => ({
        ...{ type: "bind", readOnly: true },
        source: `${DATA}/${owner}/metrics`,
        target: `/figures/${owner}`,
      })),
    );
  });

  test.skipIf(reason !== undefined)("its variables are what the programs accept", async () => {
    const { PROMETHEUS_CONFIG = "", ALERT_RULES = "" } = variables.get("prometheus") ?? {};
    const files = { "prometheus.yml": PROMETHEUS_CONFIG, "alerts.yml": ALERT_RULES };
    expect(await check(files, "promtool", "check", "config", "prometheus.yml")).toMatch(/valid/);
    expect(PROMETHEUS_CONFIG).toContain("worker-1.tail1234.ts.net:8640");
    const { ALERTMANAGER_CONFIG = "" } = variables.get("alertmanager") ?? {};
    const receivers = { "alertmanager.yml": ALERTMANAGER_CONFIG };
    const told = await check(receivers, "amtool", "check-config", "alertmanager.yml");
    expect(told).toContain("SUCCESS");
  });

  test("a secret goes to the program that needs it, and is no argument", () => {
    const holders = (secret: string) =>
      [...variables]
        .filter(([, own]) => Object.values(own).join().includes(secret))
        .map(([name]) => name);
    expect(holders(ADMIN_TOKEN)).toEqual(["prometheus"]);
    expect(holders("password-of-the-exporter")).toEqual(["redis-exporter"]);
    expect(holders("hooks.example.net")).toEqual(["alertmanager"]);
    expect(holders("token-of-monitoring-grafana-password")).toEqual(["grafana"]);
    const scripts = JSON.stringify([...containers.values()].map(({ entrypoints }) => entrypoints));
    expect(scripts).not.toMatch(/token-of|password-of|hooks\.example/);
  });

  test("no variable is longer than a container may have", () => {
    const lengths = [...variables.values()].flatMap((own) =>
      Object.values(own).map((value) => Buffer.byteLength(value)),
    );
    expect(Math.max(...lengths)).toBeLessThan(128 * 1024);
  });

  test("it tells where its pages are and Grafana's password", async () => {
    expect(await valueOf(monitoring.urls.grafana)).toBe(`http://${PRIVATE_ADDRESS}:3000`);
    expect(await valueOf(monitoring.urls.prometheus)).toBe(`http://${PRIVATE_ADDRESS}:9090`);
    expect(await valueOf(monitoring.grafanaPassword)).toBe("token-of-monitoring-grafana-password");
  });
});

test("on a host of processes it is the same programs on this machine's own addresses", async () => {
  const specs = new Map<string, ServiceSpec>();
  const host: Host = {
    service: (name, spec) => {
      specs.set(name, spec);
      return {} as ReturnType<Host["service"]>;
    },
    addressOf: () => "127.0.0.1",
  };
  new Monitoring("monitoring-of-processes", args(host));
  expect([...specs.keys()].sort()).toEqual(services);
  for (const [name, spec] of specs) {
    const resolved = serviceSpecSchema.parse(await valueOf(pulumi.output(spec)));
    const port = monitoringPorts[name as keyof typeof monitoringPorts];
    expect(resolved.environment["LISTEN_ADDRESS"]).toBe(`127.0.0.1:${port}`);
  }
});

function splitVariable(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}

function valueOf<T>(value: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    value.apply(resolve);
  });
}
