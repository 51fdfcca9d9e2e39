/** Public face of the package. */
export { renderAlertRules, alertsInForce } from "./alert-rules.ts";
export { renderAlertmanagerConfig } from "./alertmanager-config.ts";
export type { Alert, Threshold } from "./alerts/alert.ts";
export { alerts, type AlertName } from "./alerts/table.ts";
export { watchedTable } from "./alerts/watched-table.ts";
export { conditionText, durationText } from "./alerts/words.ts";
export { ALERT_RULES_FILE, renderPrometheusConfig } from "./prometheus-config.ts";
export { type GrafanaFiles, renderGrafanaFiles } from "./grafana-provisioning.ts";
export { renderProbeConfig } from "./probe-config.ts";
export { monitoringOptionsSchema, monitoringSettingsSchema } from "./settings.ts";
export type { MonitoringOptions, MonitoringSettings, MonitoringSettingsInput } from "./settings.ts";
