/** Alertmanager's configuration: who is told of what, and how often. */
import { renderYaml } from "./render-yaml.ts";
import { monitoringSettingsSchema, type MonitoringSettings } from "./settings.ts";
import type { MonitoringSettingsInput } from "./settings.ts";

const RECEIVER = "host";

/**
 * `alertmanager.yml`, for Alertmanager 0.25 or later. Holds the receivers' secrets.
 * https://prometheus.io/docs/alerting/latest/configuration/
 *
 * @throws ZodError when the settings are not valid
 */
export function renderAlertmanagerConfig(input: MonitoringSettingsInput): string {
  const { alerts } = monitoringSettingsSchema.parse(input);
  return renderYaml({
    route: {
      receiver: RECEIVER,
      group_by: ["alertname"],
      group_wait: `${alerts.groupSeconds}s`,
      group_interval: `${alerts.groupSeconds}s`,
      repeat_interval: `${Math.round(alerts.repeatHours * 60)}m`,
    },
    // Without any: shown, and sent to nobody.
    receivers: [{ name: RECEIVER, ...webhook(alerts), ...email(alerts) }],
  });
}

function webhook({ webhook: url }: MonitoringSettings["alerts"]) {
  return url === undefined ? {} : { webhook_configs: [{ url, send_resolved: true }] };
}

function email({ email: receiver }: MonitoringSettings["alerts"]) {
  if (!receiver) return {};
  const { to, from = to[0], server, username, password } = receiver;
  return {
    email_configs: [
      {
        to: to.join(", "),
        from,
        smarthost: server,
        require_tls: true,
        send_resolved: true,
        ...(username !== undefined && { auth_username: username }),
        ...(password !== undefined && { auth_password: password }),
        headers: { Subject: EMAIL_SUBJECT },
        // Plain text, so that it is read anywhere.
        html: "",
        text: EMAIL_TEXT,
      },
    ],
  };
}

const EMAIL_SUBJECT = `{{ if eq .Status "firing" }}{{ .Alerts.Firing | len }} alert(s): {{ else }}Over: {{ end }}{{ .CommonLabels.alertname }} ({{ .CommonLabels.stack }})`;

const EMAIL_TEXT = `{{ range .Alerts }}{{ if eq .Status "resolved" }}Over: {{ end }}{{ .Annotations.summary }}
{{ .Annotations.description }}
What to do: {{ .Annotations.runbook }}
Since {{ .StartsAt }}

{{ end }}`;
