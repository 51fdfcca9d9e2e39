/** Prometheus' configuration: whom it asks, and where alerts go. */
import { probeModules } from "./probe-config.ts";
import { renderYaml } from "./render-yaml.ts";
import { monitoringSettingsSchema, type MonitoringSettings } from "./settings.ts";
import type { MonitoringSettingsInput } from "./settings.ts";

/** The rules' file, beside the configuration. */
export const ALERT_RULES_FILE = "alerts.yml";

const LONGEST_SCRAPE_SECONDS = 10;

/**
 * `prometheus.yml`, for Prometheus 2.42 or later. Holds the admin's token: a secret.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/
 *
 * @throws ZodError when the settings are not valid
 */
export function renderPrometheusConfig(input: MonitoringSettingsInput): string {
  const settings = monitoringSettingsSchema.parse(input);
  const { scrapeSeconds, evaluationSeconds, stackName, alertmanager } = settings;
  return renderYaml({
    global: {
      scrape_interval: `${scrapeSeconds}s`,
      scrape_timeout: `${Math.min(scrapeSeconds, LONGEST_SCRAPE_SECONDS)}s`,
      evaluation_interval: `${evaluationSeconds}s`,
      external_labels: { stack: stackName },
    },
    rule_files: [ALERT_RULES_FILE],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: scrapeConfigs(settings),
  });
}

function scrapeConfigs(settings: MonitoringSettings) {
  const one = (job: string, address: string, service: string) => ({
    job_name: job,
    static_configs: [{ targets: [address], labels: { service } }],
  });
  return [
    {
      job_name: "queue-manager",
      authorization: { credentials: settings.adminToken },
      static_configs: settings.queueManagers.map(({ name, address }) => ({
        targets: [address],
        labels: { service: name },
      })),
    },
    {
      job_name: "worker",
      // A worker says its own name, and so does its target: for `up`, which says none.
      honor_labels: true,
      static_configs: settings.workers.map(({ name, address }) => ({
        targets: [address],
        labels: { service: name, worker: name },
      })),
    },
    one("redis-exporter", settings.redisExporter, "redis"),
    one("node-exporter", settings.nodeExporter, "app-server"),
    one("alertmanager", settings.alertmanager, "alertmanager"),
    ...probes(settings.probes),
  ];
}

function probes({ exporter, site, frontends }: MonitoringSettings["probes"]) {
  const probe = (job: keyof typeof probeModules, targets: readonly ProbeTarget[]) => ({
    job_name: job,
    metrics_path: "/probe",
    params: { module: [probeModules[job]] },
    static_configs: targets.map(({ service, url }) => ({ targets: [url], labels: { service } })),
    // The exporter is asked, and told whom to ask.
    relabel_configs: [
      { source_labels: ["__address__"], target_label: "__param_target" },
      { source_labels: ["__param_target"], target_label: "instance" },
      { target_label: "__address__", replacement: exporter },
    ],
  });
  return [
    ...(site ? [probe("site", [{ service: "nginx", url: `https://${site.address}/health` }])] : []),
    probe(
      "frontend",
      frontends.map(({ name, address }) => ({ service: name, url: `http://${address}/health` })),
    ),
  ];
}

interface ProbeTarget {
  readonly service: string;
  readonly url: string;
}
