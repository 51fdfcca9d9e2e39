/** What Grafana is told at its start: where figures and alerts are, and the dashboard. */
import { PROMETHEUS_UID, renderDashboard } from "./dashboard/render.ts";
import { renderYaml } from "./render-yaml.ts";
import { monitoringSettingsSchema, type MonitoringSettingsInput } from "./settings.ts";

/** Contents of files; where they lie is said where they are written. */
export interface GrafanaFiles {
  /** `provisioning/datasources/comfymulti.yml` */
  readonly datasources: string;
  /** `provisioning/dashboards/comfymulti.yml` */
  readonly dashboardProvider: string;
  /** `comfymulti.json` in the folder that the provider reads. */
  readonly dashboard: string;
}

/**
 * For Grafana 11 or later. Holds no secret.
 * https://grafana.com/docs/grafana/latest/administration/provisioning/
 *
 * @param dashboardDirectory where the dashboard's file lies, absolute
 * @throws ZodError when the settings are not valid
 */
export function renderGrafanaFiles(
  input: MonitoringSettingsInput,
  dashboardDirectory: string,
): GrafanaFiles {
  const { prometheus, alertmanager, scrapeSeconds } = monitoringSettingsSchema.parse(input);
  const own = { access: "proxy", editable: false };
  return {
    datasources: renderYaml({
      apiVersion: 1,
      datasources: [
        {
          ...{ name: "Prometheus", type: "prometheus", uid: PROMETHEUS_UID, ...own },
          url: `http://${prometheus}`,
          isDefault: true,
          jsonData: { timeInterval: `${scrapeSeconds}s`, manageAlerts: true },
        },
        {
          ...{ name: "Alertmanager", type: "alertmanager", uid: "alertmanager", ...own },
          url: `http://${alertmanager}`,
          jsonData: { implementation: "prometheus" },
        },
      ],
    }),
    dashboardProvider: renderYaml({
      apiVersion: 1,
      providers: [
        {
          ...{ name: "comfymulti", type: "file", allowUiUpdates: false, disableDeletion: true },
          options: { path: dashboardDirectory },
        },
      ],
    }),
    dashboard: renderDashboard(input),
  };
}
