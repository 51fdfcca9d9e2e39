/** blackbox_exporter's configuration: how it asks. Whom is Prometheus' matter. */
import { renderYaml } from "./render-yaml.ts";
import { monitoringSettingsSchema, type MonitoringSettingsInput } from "./settings.ts";

/** Names of the ways to ask, as Prometheus' configuration picks them. */
export const probeModules = { site: "site", frontend: "frontend" } as const;

const TIMEOUT = "5s";

/**
 * `blackbox.yml`, for blackbox_exporter 0.23 or later. Holds no secret.
 * https://github.com/prometheus/blackbox_exporter/blob/master/CONFIGURATION.md
 *
 * @throws ZodError when the settings are not valid
 */
export function renderProbeConfig(input: MonitoringSettingsInput): string {
  const { site } = monitoringSettingsSchema.parse(input).probes;
  const http = { preferred_ip_protocol: "ip4", follow_redirects: false };
  const module = (settings: object) => ({
    prober: "http",
    timeout: TIMEOUT,
    http: { ...http, ...settings },
  });
  return renderYaml({
    modules: {
      ...(site && {
        [probeModules.site]: module({
          headers: { Host: site.serverName },
          tls_config: { server_name: site.serverName },
          fail_if_not_ssl: true,
          // The gateway's 503 means that Redis is away, of which another alert tells.
          valid_status_codes: [200, 503],
        }),
      }),
      [probeModules.frontend]: module({}),
    },
  });
}
