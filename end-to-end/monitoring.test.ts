/**
 * Proves that the monitoring works on the real platform: real Prometheus, Alertmanager and exporters,
 * started as the component declares them, watch real services; a killed worker is told to the host's
 * webhook. Grafana is in no package that tests could install: of it, only the files are tried.
 */
import * as pulumi from "@pulumi/pulumi";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { freePort } from "../bench/platform/listening.ts";
import { monitoringPorts, type MonitoringService } from "../components/app-server/monitoring.ts";
import { repository } from "../components/installation.ts";
import { alerts, monitoringOptionsSchema } from "@comfymulti/monitoring";
import { declareMonitoring, type DeclaredServices } from "./monitoring/declared.ts";
import { ADMIN_TOKEN, exporter, LEASE_SECONDS } from "./monitoring/platform.ts";
import { startWatchedPlatform, type WatchedPlatform } from "./monitoring/platform.ts";
import { missingPackages, startPrograms, type RunningPrograms } from "./monitoring/programs.ts";
import { Prometheus } from "./monitoring/prometheus.ts";
import { receiveAlerts, type AlertReceiver } from "./monitoring/receiver.ts";

if (missingPackages.length > 0) {
  console.warn(
    `monitoring.test.ts is skipped: install ${missingPackages.join(" ")} (Debian, Ubuntu: sudo apt-get install)`,
  );
}

const PATIENCE = { timeout: 60_000, interval: 250 };

/** Waits `ms` a step, two steps. */
const slowGraph = (ms: number) => ({
  "1": { class_type: "EmptyImage", inputs: { width: 64, height: 64, batch_size: 1, color: 255 } },
  "2": { class_type: "GwSlow", inputs: { image: ["1", 0], steps: 2, ms, fail: false } },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "watched" } },
});

describe.skipIf(missingPackages.length > 0)("the monitoring of a stack", () => {
  let folder: string;
  let platform: WatchedPlatform;
  let receiver: AlertReceiver;
  let declared: DeclaredServices;
  let programs: RunningPrograms;
  let prometheus: Prometheus;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "comfymulti-monitoring-"));
    platform = await startWatchedPlatform(folder);
    receiver = await receiveAlerts();
    const services = Object.keys(monitoringPorts) as MonitoringService[];
    const ports = Object.fromEntries(
      await Promise.all(services.map(async (service) => [service, await freePort()] as const)),
    ) as Record<MonitoringService, number>;
    declared = await declareMonitoring({
      stackName: "comfyume-test",
      settings: monitoringOptionsSchema.parse({
        scrapeSeconds: 1,
        evaluationSeconds: 1,
        alerts: { webhook: receiver.url, groupSeconds: 1 },
        rules: { WorkerGone: { forSeconds: 1 }, WorkerReportsLate: { forSeconds: 2 } },
      }),
      dataDirectory: folder,
      figuresOf: ["backup"],
      queueManagers: platform.queueManagers,
      workers: [{ name: "worker-1", address: platform.worker.address }],
      frontends: [platform.frontend],
      site: { address: `127.0.0.1:${platform.door.httpsPort}`, serverName: "localhost" },
      adminToken: ADMIN_TOKEN,
      redis: { host: "127.0.0.1", port: platform.redis.port, ...withOutput(exporter) },
      leaseSeconds: LEASE_SECONDS,
      ports,
    });
    const started = [...declared].filter(([name]) => name !== "grafana").map(([, spec]) => spec);
    programs = await startPrograms(started, path.join(folder, "programs"), {
      SSL_CERT_FILE: path.join(path.dirname(platform.certificates.certificate), "ca.pem"),
    });
    prometheus = new Prometheus(`http://127.0.0.1:${ports.prometheus}`);
  });

  afterAll(async () => {
    await programs.close();
    await receiver.close();
    await platform.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("every target is up", async () => {
    const states = async () =>
      (await prometheus.targets()).map(({ labels, health, lastError }) =>
        [labels["job"], labels["service"], health, lastError].join(" ").trim(),
      );
    await expect
      .poll(async () => (await states()).sort(), PATIENCE)
      .toEqual([
        "alertmanager alertmanager up",
        "frontend frontend-0-11-1 up",
        "node-exporter app-server up",
        "queue-manager queue-manager-1 up",
        "queue-manager queue-manager-2 up",
        "redis-exporter redis up",
        "site nginx up",
        "worker worker-1 up",
      ]);
    await expect.poll(() => prometheus.values("probe_success"), PATIENCE).toEqual([1, 1]);
  });

  test("every figure that an alert or a panel asks for is one that a service gives", async () => {
    expect(await platform.submit(slowGraph(10))).toBe(200);
    expect(await platform.submit({})).toBe(400);
    await expect.poll(async () => (await platform.counts())["completed"], PATIENCE).toBe(1);
    const expressions = [
      ...(await prometheus.rules()).map(({ query }) => query),
      ...panelsOf(declared).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ];
    const asked = new Set(expressions.flatMap((expression) => namesIn(expression)));
    // The certificate's own service does not run here.
    const certificates = path.join(repository, "services", "certificates", "status.sh");
    const script = await readFile(certificates, "utf8");
    const unknown = async () => {
      const known = new Set(await prometheus.names());
      return [...asked].filter((name) => !known.has(name) && !script.includes(`${name} `));
    };
    expect(asked.size).toBeGreaterThan(30);
    await expect.poll(unknown, PATIENCE).toEqual([]);
  });

  test("every rule is judged, and none fires without a reason", async () => {
    const rules = await prometheus.rules();
    expect(rules.map(({ name }) => name)).toEqual(alerts.map(({ name }) => name));
    for (const { name, health, lastError = "" } of rules) {
      expect(`${name} ${health} ${lastError}`.trim()).toBe(`${name} ok`);
    }
    // How full this machine's own disk is says nothing of the platform.
    const wrong = rules.filter(({ name, state }) => state !== "inactive" && name !== "DiskFull");
    // The test's certificate is for two days, which is seen.
    expect(wrong.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "CertificateExpiring pending",
    ]);
  });

  test("the exporter's user in Redis may do all that the exporter asks, and no more", async () => {
    const { password, port } = platform.redis;
    const cli = (...given: string[]) =>
      execFileSync("redis-cli", ["-p", String(port), ...given], { encoding: "utf8" });
    const as = ["--no-auth-warning", "--user", exporter.username, "--pass", exporter.password];
    expect(await prometheus.values("redis_up")).toEqual([1]);
    expect(await prometheus.values("redis_aof_enabled")).toEqual([1]);
    const refused = cli("--no-auth-warning", "--pass", password, "--json", "ACL", "LOG");
    const objects = (JSON.parse(refused) as { object: string }[]).map(({ object }) => object);
    // It reads whose command was slow, with its arguments: parts of jobs.
    expect(objects.filter((object) => object !== "slowlog|get")).toEqual([]);
    for (const command of [
      ["KEYS", "*"],
      ["GET", "{cm}:sequence"],
      ["CONFIG", "GET", "*"],
      ["SLOWLOG", "GET"],
      ["FLUSHALL"],
    ]) {
      expect(cli(...as, ...command)).toContain("NOPERM");
    }
  });

  test("the admin's token is on none of Prometheus' pages", async () => {
    const shown = await prometheus.configuration();
    expect(shown).toContain("queue-manager");
    expect(shown).not.toContain(ADMIN_TOKEN);
  });

  test("Grafana finds its files where it looks for them, and its secrets stay variables", () => {
    const spec = declared.get("grafana");
    if (!spec) return expect.unreachable("Grafana is declared");
    const script = spec.command[2] ?? "";
    const inside = path.join(folder, "grafana");
    const shell = script.replaceAll("/run.sh", "env").replace("$GF_PATHS_DATA", `${inside}/data`);
    const env = { ...spec.environment, ...spec.secretEnvironment, CONFIG_DIRECTORY: inside };
    const told = execFileSync("sh", ["-c", shell], {
      env: { PATH: process.env["PATH"], ...env },
      encoding: "utf8",
    });
    expect(told).toContain("GF_SECURITY_ADMIN_PASSWORD=made-for-monitoring-grafana-password");
    expect(told).not.toContain("DASHBOARD=");
    const read = (file: string) =>
      execFileSync("cat", [path.join(inside, file)], { encoding: "utf8" });
    expect(parse(read("provisioning/datasources/comfymulti.yml"))).toMatchObject({ apiVersion: 1 });
    expect(parse(read("provisioning/dashboards/comfymulti.yml"))).toMatchObject({
      providers: [{ options: { path: "/tmp/config/dashboards" } }],
    });
    expect(JSON.parse(read("dashboards/comfymulti.json"))).toMatchObject({ uid: "comfymulti" });
  });

  test("a killed worker is told to the host, with what to do; and that it is back", async () => {
    expect(await platform.submit(slowGraph(60_000))).toBe(200);
    await expect.poll(async () => (await platform.counts())["running"], PATIENCE).toBe(1);
    await platform.worker.part.kill();

    const heard = (status: string) =>
      receiver.alerts.find(
        (alert) => alert.labels["alertname"] === "WorkerGone" && alert.status === status,
      );
    await expect.poll(() => heard("firing"), PATIENCE).toBeDefined();
    expect(heard("firing")).toMatchObject({
      labels: { severity: "critical", worker: "worker-1", stack: "comfyume-test" },
      annotations: {
        summary: "worker-1 does not answer; its jobs go to the other workers.",
        runbook: alerts.find(({ name }) => name === "WorkerGone")?.cure,
      },
    });
    const silence = async () =>
      (await prometheus.values("max(comfymulti_worker_silence_seconds)"))[0];
    await expect.poll(silence, PATIENCE).toBeGreaterThan(LEASE_SECONDS + 10);
    // Its job was taken from it, by one of the two.
    const lost = () => prometheus.values("sum(comfymulti_leases_expired_total)");
    await expect.poll(lost, PATIENCE).toEqual([1]);

    await platform.worker.part.start();
    await expect.poll(() => heard("resolved"), PATIENCE).toBeDefined();
    const names = new Set(receiver.alerts.map(({ labels }) => labels["alertname"]));
    expect(names, "one sentence on one worker is enough").toEqual(new Set(["WorkerGone"]));
  });
});

interface PanelJson {
  readonly targets?: readonly { readonly expr: string }[];
}

function panelsOf(declared: DeclaredServices): readonly PanelJson[] {
  const dashboard = declared.get("grafana")?.environment["DASHBOARD"] ?? "{}";
  return (JSON.parse(dashboard) as { panels: PanelJson[] }).panels;
}

/** Names of figures in an expression: the words that begin as one of our services' or exporters'. */
function namesIn(expression: string): string[] {
  return (expression.match(/\b[a-z_]+\b/g) ?? []).filter((word) =>
    /^(?:comfymulti|process|probe|redis|node)_|^up$/.test(word),
  );
}

const withOutput = ({ username, password }: typeof exporter) => ({
  username,
  password: pulumi.output(password as string),
});
