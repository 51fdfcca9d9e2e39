/** The table of alerts as Prometheus' rules. */
import type { Alert } from "./alerts/alert.ts";
import { alerts } from "./alerts/table.ts";
import { conditionText } from "./alerts/words.ts";
import { renderYaml } from "./render-yaml.ts";
import { monitoringSettingsSchema } from "./settings.ts";
import type { MonitoringOptions, MonitoringSettingsInput } from "./settings.ts";

const REPORTS_A_LEASE = 3;

/**
 * `alerts.yml`. Each rule carries the labels `severity`, and in its annotations `summary` and
 * `description` for people, `runbook` with the cure.
 *
 * @throws ZodError when the settings are not valid
 */
export function renderAlertRules(input: MonitoringSettingsInput): string {
  const settings = monitoringSettingsSchema.parse(input);
  const reportSeconds = settings.leaseSeconds / REPORTS_A_LEASE;
  const rules = alertsInForce(settings).map((alert) => ({
    alert: alert.name,
    expr: alert.expression({ threshold: alert.threshold?.value ?? 0, reportSeconds }),
    for: `${alert.forSeconds}s`,
    labels: { severity: alert.severity },
    annotations: {
      summary: alert.summary,
      description: alert.threshold ? `${alert.title} (${conditionText(alert)})` : alert.title,
      runbook: alert.cure,
    },
  }));
  return renderYaml({ groups: [{ name: "comfymulti", rules }] });
}

/** The table with the host's own thresholds, without what is switched off. */
export function alertsInForce({ rules }: Pick<MonitoringOptions, "rules">): readonly Alert[] {
  return alerts.flatMap((alert) => {
    const own = rules[alert.name];
    if (own?.enabled === false) return [];
    const { threshold, forSeconds } = alert;
    return [
      {
        ...alert,
        forSeconds: own?.forSeconds ?? forSeconds,
        ...(threshold && { threshold: { ...threshold, value: own?.threshold ?? threshold.value } }),
      },
    ];
  });
}
