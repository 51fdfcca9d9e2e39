/** What the rendered files say, judged by the programs that read them. */
import { readFile } from "node:fs/promises";
import { format } from "prettier";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ZodError } from "zod";
import {
  alerts,
  alertsInForce,
  monitoringSettingsSchema,
  renderAlertmanagerConfig,
  renderAlertRules,
  renderGrafanaFiles,
  renderProbeConfig,
  renderPrometheusConfig,
  watchedTable,
  type MonitoringSettingsInput,
} from "../src/index.ts";
import { check, reason } from "./programs.ts";
import { least, secrets, workshop } from "./settings.ts";

if (reason !== undefined) console.log(reason);

const dashboards = "/var/lib/comfymulti/dashboards";
const everySetting = [
  ["the least settings", least],
  ["a workshop with every setting", workshop],
] as const;

describe.skipIf(reason !== undefined).each(everySetting)("the files of %s", (_what, settings) => {
  test("are what Prometheus accepts, without a warning", async () => {
    const files = {
      "prometheus.yml": renderPrometheusConfig(settings),
      "alerts.yml": renderAlertRules(settings),
    };
    const told = await check(files, "promtool", "check", "config", "prometheus.yml");
    expect(told).toMatch(/prometheus\.yml is valid/);
    const lint = ["check", "rules", "--lint=all", "--lint-fatal", "alerts.yml"];
    const count = alertsInForce(monitoringSettingsSchema.parse(settings)).length;
    expect(await check(files, "promtool", ...lint)).toContain(`SUCCESS: ${count} rules found`);
  });

  test("are what Alertmanager accepts", async () => {
    const files = { "alertmanager.yml": renderAlertmanagerConfig(settings) };
    expect(await check(files, "amtool", "check-config", "alertmanager.yml")).toContain("SUCCESS");
  });
});

test("everything is asked, each under the name that alerts tell", () => {
  const config = parse(renderPrometheusConfig(workshop)) as {
    scrape_configs: { job_name: string; static_configs: { targets: string[]; labels: object }[] }[];
  };
  const asked = config.scrape_configs.flatMap(({ job_name: job, static_configs: targets }) =>
    targets.map(({ targets: [target], labels }) => [job, target, labels]),
  );
  expect(asked).toEqual([
    ["queue-manager", "172.29.81.11:8600", { service: "queue-manager-1" }],
    ["queue-manager", "172.29.81.12:8600", { service: "queue-manager-2" }],
    ...[1, 2, 3].map((index) => [
      "worker",
      `worker-${index}.tail1234.ts.net:8640`,
      { service: `worker-${index}`, worker: `worker-${index}` },
    ]),
    ["redis-exporter", "127.0.0.1:9121", { service: "redis" }],
    ["node-exporter", "127.0.0.1:9100", { service: "app-server" }],
    ["alertmanager", "127.0.0.1:9093", { service: "alertmanager" }],
    ["site", "https://172.29.81.10:443/health", { service: "nginx" }],
    ["frontend", "http://frontend-0-11-1:8201/health", { service: "frontend-0-11-1" }],
  ]);
});

test("a host's own thresholds are in force, and what is switched off is not there", () => {
  const rules = renderAlertRules(workshop);
  expect(rules).toContain(`max(comfymulti_queue_jobs{state="pending"}) > 50`);
  expect(rules).toContain("waiting jobs > 50");
  expect(rules).not.toContain("RedisMemoryHigh");
  expect(renderAlertRules(least)).toContain("RedisMemoryHigh");
});

test("a worker's report is late by its lease: three are due in one", () => {
  const late = (leaseSeconds: number) => renderAlertRules({ ...least, leaseSeconds });
  expect(late(30)).toContain("(comfymulti_worker_silence_seconds) - 10 > 5");
  expect(late(90)).toContain("(comfymulti_worker_silence_seconds) - 30 > 5");
});

test("without receivers alerts are sent to nobody; with them each says what to do", () => {
  const quiet = parse(renderAlertmanagerConfig(least)) as { receivers: object[] };
  expect(quiet.receivers).toEqual([{ name: "host" }]);
  const told = renderAlertmanagerConfig(workshop);
  expect(told).toContain("host@example.net, helper@example.net");
  expect(told).toContain("What to do: {{ .Annotations.runbook }}");
});

test("a secret is only in the file that needs it", () => {
  const grafana = renderGrafanaFiles(workshop, dashboards);
  const open = [renderAlertRules(workshop), renderProbeConfig(workshop), ...Object.values(grafana)];
  for (const secret of Object.values(secrets)) expect(open.join()).not.toContain(secret);
  expect(renderPrometheusConfig(workshop)).not.toContain(secrets.emailPassword);
  expect(renderAlertmanagerConfig(workshop)).not.toContain(secrets.adminToken);
});

describe("the dashboard", () => {
  interface Panel {
    readonly id: number;
    readonly title: string;
    readonly type: string;
    readonly gridPos: { x: number; y: number; w: number; h: number };
    readonly fieldConfig?: { defaults: { thresholds?: { steps: { value: number | null }[] } } };
  }
  const { dashboard } = renderGrafanaFiles(workshop, dashboards);
  const { panels } = JSON.parse(dashboard) as { panels: Panel[] };

  test("has panels of ids of their own, which lie side by side and not on each other", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from(
        { length: w * h },
        (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`,
      ),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });

  test("draws the thresholds that are in force", () => {
    const waiting = panels.find(({ title }) => title === "Waiting jobs");
    expect(waiting?.fieldConfig?.defaults.thresholds?.steps.map(({ value }) => value)).toEqual([
      null,
      50,
    ]);
  });

  test("fits into a variable of a container's environment", () => {
    expect(Buffer.byteLength(dashboard)).toBeLessThan(128 * 1024);
  });
});

describe("settings that can't be meant", () => {
  const refused: readonly [string, Partial<MonitoringSettingsInput>, RegExp][] = [
    ["no queue manager", { queueManagers: [] }, /queueManagers/],
    [
      "a worker without a port",
      { workers: [{ name: "worker-1", address: "worker-1" }] },
      /HOST:PORT/,
    ],
    ["an unknown alert", { rules: { QueueDeap: {} } as object }, /QueueDeap/],
    ["an e-mail without an address", { alerts: { email: { to: [], server: "a:25" } } }, /to/],
    ["a webhook that is no URL", { alerts: { webhook: "hooks.example.net" } }, /http or https URL/],
    [
      "a site with a scheme",
      { probes: { exporter: "a:1", site: { address: "a:1", serverName: "https://a" } } },
      /host name/,
    ],
  ];
  test.each(refused)("%s", (_what, change, message) => {
    const render = () => renderPrometheusConfig({ ...least, ...change });
    expect(render).toThrow(ZodError);
    expect(render).toThrow(message);
  });
});

test("the README's table is the table of alerts", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  expect(readme).toContain(await format(watchedTable(), { parser: "markdown" }));
});

test("an alert has a sentence of its own and a cure", () => {
  expect(new Set(alerts.map(({ title }) => title)).size).toBe(alerts.length);
  for (const { title, summary, cure } of alerts) {
    for (const sentence of [title, summary, cure]) expect(sentence).toMatch(/^[{A-Z`].*\.$/);
  }
});
