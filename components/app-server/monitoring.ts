/**
 * Figures, alerts and a dashboard of a stack: Prometheus, Alertmanager, Grafana and four exporters.
 * Reachable in the private network alone: Prometheus and Alertmanager ask nobody who they are.
 * services/monitoring/README.md
 */
import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import {
  ALERT_RULES_FILE,
  renderAlertmanagerConfig,
  renderAlertRules,
  renderGrafanaFiles,
  renderProbeConfig,
  renderPrometheusConfig,
  type MonitoringOptions,
  type MonitoringSettingsInput,
} from "@comfymulti/monitoring";
import type { Host, Service } from "../hosts/index.ts";
import { Token } from "../secrets/index.ts";
import { INSIDE, monitoringSpec, writing, type MonitoringProgram } from "./monitoring-program.ts";
import type { RedisAddress } from "./redis.ts";

/** What the exporter needs of Redis: figures, and nothing of any job. */
export const EXPORTER_RULES =
  "resetkeys resetchannels -@all +ping +info +client|setname +latency|latest +latency|histogram +slowlog|len";

/** Services that are declared, and the ports that they listen on. */
export const monitoringPorts = {
  prometheus: 9090,
  alertmanager: 9093,
  grafana: 3000,
  "node-exporter": 9100,
  "redis-exporter": 9121,
  "blackbox-exporter": 9115,
} as const;
export type MonitoringService = keyof typeof monitoringPorts;

/** Something that is asked for figures. */
interface Target {
  readonly name: string;
  /** `worker-1.tail1234.ts.net:8640` */
  readonly address: pulumi.Input<string>;
}

export interface MonitoringArgs {
  readonly host: Host;
  /** Version shown in status. */
  readonly version: string;
  /** `comfyume-workshop` */
  readonly stackName: string;
  readonly settings: MonitoringOptions;
  /** Data of the app server; figures lie in `monitoring/` in it: `monitoringFolders`. */
  readonly dataDirectory: string;
  /**
   * Folders of other services in there with figures in their `metrics/`: `["backup"]`. A container
   * needs them to be there.
   */
  readonly figuresOf: readonly string[];
  readonly queueManagers: readonly Target[];
  /** Without replicas at a provider: nobody reaches them. */
  readonly workers: readonly Target[];
  /** Services that serve editors, without participants' full ComfyUIs. */
  readonly frontends: readonly Target[];
  /** nginx's HTTPS port from inside. */
  readonly site?: { readonly address: pulumi.Input<string>; readonly serverName: string };
  readonly adminToken: pulumi.Input<string>;
  /** Redis as the user of `EXPORTER_RULES` reaches it. */
  readonly redis: RedisAddress;
  readonly leaseSeconds: number;
  /** Default `monitoringPorts`. */
  readonly ports?: Readonly<Record<MonitoringService, number>>;
  /** For a host of containers. */
  readonly container?: {
    /** Of the redis_exporter the `-alpine` one: the other has nothing to check its health with. */
    readonly images: Readonly<Record<MonitoringService, pulumi.Input<string>>>;
    /** Address of the machine in the private network, where the three with pages are published. */
    readonly privateAddress: pulumi.Input<string>;
  };
}

/** Folders that a machine of containers has to have before they start, for user 10001. */
export const monitoringFolders = (dataDirectory: string) => ({
  prometheus: path.join(dataDirectory, "monitoring", "prometheus"),
  alertmanager: path.join(dataDirectory, "monitoring", "alertmanager"),
});

/** Where a container sees other services' figures. */
const FIGURES = "/figures";

/** The monitoring of a stack. */
export class Monitoring extends pulumi.ComponentResource {
  readonly services: Service[] = [];
  /** Pages in the private network. */
  readonly urls: Readonly<Record<"grafana" | "prometheus" | "alertmanager", pulumi.Output<string>>>;
  /** Of Grafana's user `admin`. */
  readonly grafanaPassword: pulumi.Output<string>;
  readonly #args: MonitoringArgs;
  readonly #ports: Readonly<Record<MonitoringService, number>>;

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:Monitoring", name, {}, opts);
    this.#args = args;
    this.#ports = args.ports ?? monitoringPorts;
    const page = (service: MonitoringService) =>
      pulumi.interpolate`http://${args.container?.privateAddress ?? args.host.addressOf(service)}:${this.#ports[service]}`;
    this.urls = {
      grafana: page("grafana"),
      prometheus: page("prometheus"),
      alertmanager: page("alertmanager"),
    };
    this.grafanaPassword = new Token(`${name}-grafana-password`, {}, { parent: this }).value;

    const settings = this.#settings();
    this.#nodeExporter();
    this.#redisExporter();
    this.#declare("blackbox-exporter", {
      script: `${writing({ "blackbox.yml": "PROBE_CONFIG" })}
exec blackbox_exporter --config.file="$CONFIG_DIRECTORY/blackbox.yml" --web.listen-address="$LISTEN_ADDRESS"`,
      environment: { PROBE_CONFIG: settings.apply(renderProbeConfig) },
      healthPath: "/-/healthy",
      networks: ["internal"],
      ...{ memoryMb: 64, cpus: 0.5 },
    });
    this.#alertmanager(settings);
    this.#prometheus(settings);
    this.#grafana(settings);
    this.registerOutputs({});
  }

  #settings(): pulumi.Output<MonitoringSettingsInput> {
    const { settings, stackName, leaseSeconds, host, ...args } = this.#args;
    const at = (service: MonitoringService) => `${host.addressOf(service)}:${this.#ports[service]}`;
    return pulumi
      .all([args.queueManagers, args.workers, args.frontends, args.site, args.adminToken])
      .apply(([queueManagers, workers, frontends, site, adminToken]) => ({
        ...settings,
        ...{ stackName, leaseSeconds, adminToken },
        queueManagers: [...queueManagers],
        workers: [...workers],
        redisExporter: at("redis-exporter"),
        nodeExporter: at("node-exporter"),
        alertmanager: at("alertmanager"),
        prometheus: at("prometheus"),
        probes: {
          exporter: at("blackbox-exporter"),
          frontends: [...frontends],
          ...(site && { site }),
        },
      }));
  }

  /** CPU and memory of the machine, and the disks that its mounts lie on. */
  #nodeExporter(): void {
    const { dataDirectory, figuresOf } = this.#args;
    const collectors = ["cpu", "meminfo", "loadavg", "filesystem", "textfile"];
    this.#declare("node-exporter", {
      script: `exec node_exporter --web.listen-address="$LISTEN_ADDRESS" --collector.disable-defaults ${collectors.map((one) => `--collector.${one}`).join(" ")} --collector.textfile.directory="$FIGURES"`,
      environment: { FIGURES: path.join(dataDirectory, "*", "metrics") },
      inside: { FIGURES: `${FIGURES}/*` },
      healthPath: "/",
      networks: ["internal"],
      ...{ memoryMb: 64, cpus: 0.5 },
      mounts: figuresOf.map((owner) => ({
        ...{ type: "bind", target: `${FIGURES}/${owner}`, readOnly: true },
        source: path.posix.join(dataDirectory, owner, "metrics"),
      })),
    });
  }

  #redisExporter(): void {
    const { host, port, username, password } = this.#args.redis;
    this.#declare("redis-exporter", {
      // The image has it in /.
      script: `export PATH="$PATH:/"
exec redis_exporter -web.listen-address="$LISTEN_ADDRESS"`,
      environment: {
        REDIS_ADDR: `redis://${host}:${port}`,
        REDIS_USER: username,
        // Its own command for CONFIG, which it may not use.
        REDIS_EXPORTER_CONFIG_COMMAND: "-",
      },
      secretEnvironment: { REDIS_PASSWORD: password },
      healthPath: "/health",
      networks: ["internal"],
      ...{ memoryMb: 64, cpus: 0.5 },
    });
  }

  #alertmanager(settings: pulumi.Output<MonitoringSettingsInput>): void {
    const folder = monitoringFolders(this.#args.dataDirectory).alertmanager;
    this.#declare("alertmanager", {
      script: `${writing({ "alertmanager.yml": "ALERTMANAGER_CONFIG" })}
exec alertmanager --config.file="$CONFIG_DIRECTORY/alertmanager.yml" --storage.path="$DATA_DIRECTORY" --cluster.listen-address= --web.listen-address="$LISTEN_ADDRESS" --web.external-url="$EXTERNAL_URL"`,
      environment: { DATA_DIRECTORY: folder, EXTERNAL_URL: this.urls.alertmanager },
      secretEnvironment: { ALERTMANAGER_CONFIG: settings.apply(renderAlertmanagerConfig) },
      healthPath: "/-/ready",
      directories: [folder],
      // Receivers are outside.
      networks: ["internal", "edge"],
      ...{ published: true, memoryMb: 128, cpus: 0.5 },
      mounts: [{ type: "bind", source: folder, target: folder }],
    });
  }

  #prometheus(settings: pulumi.Output<MonitoringSettingsInput>): void {
    const { retentionDays, retentionGb } = this.#args.settings;
    const folder = monitoringFolders(this.#args.dataDirectory).prometheus;
    this.#declare("prometheus", {
      script: `${writing({ "prometheus.yml": "PROMETHEUS_CONFIG", [ALERT_RULES_FILE]: "ALERT_RULES" })}
exec prometheus --config.file="$CONFIG_DIRECTORY/prometheus.yml" --storage.tsdb.path="$DATA_DIRECTORY" --storage.tsdb.retention.time=${retentionDays}d --storage.tsdb.retention.size=${Math.round(retentionGb * 1024)}MB --web.listen-address="$LISTEN_ADDRESS" --web.external-url="$EXTERNAL_URL"`,
      environment: {
        ALERT_RULES: settings.apply(renderAlertRules),
        DATA_DIRECTORY: folder,
        EXTERNAL_URL: this.urls.prometheus,
      },
      secretEnvironment: { PROMETHEUS_CONFIG: settings.apply(renderPrometheusConfig) },
      healthPath: "/-/ready",
      directories: [folder],
      // Workers are outside.
      networks: ["internal", "edge"],
      ...{ published: true, memoryMb: 768, cpus: 1 },
      mounts: [{ type: "bind", source: folder, target: folder }],
    });
  }

  /** Keeps nothing: all that it shows is declared, so that a password never differs from the state's. */
  #grafana(settings: pulumi.Output<MonitoringSettingsInput>): void {
    const files = settings.apply((given) => renderGrafanaFiles(given, `${INSIDE}/dashboards`));
    this.#declare("grafana", {
      script: `${writing({
        "provisioning/datasources/comfymulti.yml": "DATASOURCES",
        "provisioning/dashboards/comfymulti.yml": "DASHBOARD_PROVIDER",
        "dashboards/comfymulti.json": "DASHBOARD",
      })}
mkdir -p "$GF_PATHS_DATA"
exec /run.sh`,
      environment: {
        DATASOURCES: files.datasources,
        DASHBOARD_PROVIDER: files.dashboardProvider,
        DASHBOARD: files.dashboard,
        GF_PATHS_PROVISIONING: `${INSIDE}/provisioning`,
        GF_PATHS_DATA: "/tmp/grafana",
        GF_PATHS_LOGS: "/tmp/grafana/logs",
        GF_PATHS_PLUGINS: "/tmp/grafana/plugins",
        GF_SERVER_HTTP_PORT: String(this.#ports.grafana),
        GF_SERVER_ROOT_URL: this.urls.grafana,
        GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: `${INSIDE}/dashboards/comfymulti.json`,
        ...CLOSED_GRAFANA,
      },
      secretEnvironment: { GF_SECURITY_ADMIN_PASSWORD: this.grafanaPassword },
      healthPath: "/api/health",
      networks: ["internal", "edge"],
      ...{ published: true, memoryMb: 512, cpus: 1 },
    });
  }

  #declare(service: MonitoringService, wanted: MonitoringProgram): void {
    const { host, version, dataDirectory, container } = this.#args;
    const place = container && {
      image: container.images[service],
      privateAddress: container.privateAddress,
    };
    const configDirectory = path.join(dataDirectory, "monitoring", `${service}-config`);
    const port = this.#ports[service];
    const spec = monitoringSpec(wanted, { version, port, configDirectory, container: place });
    this.services.push(host.service(service, spec, { parent: this }));
  }
}

/** Nothing that nobody asked for: no accounts but one, no calls to the outside, no plugins. */
const CLOSED_GRAFANA = {
  GF_USERS_ALLOW_SIGN_UP: "false",
  GF_AUTH_ANONYMOUS_ENABLED: "false",
  GF_ANALYTICS_REPORTING_ENABLED: "false",
  GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
  GF_NEWS_NEWS_FEED_ENABLED: "false",
  GF_SNAPSHOTS_EXTERNAL_ENABLED: "false",
  GF_SECURITY_DISABLE_GRAVATAR: "true",
  GF_PLUGINS_PREINSTALL_DISABLED: "true",
  GF_PLUGINS_PLUGIN_ADMIN_ENABLED: "false",
} as const;
