/** Each alert, judged by Prometheus itself over made-up figures. */
import { stringify } from "yaml";
import { describe, expect, test } from "vitest";
import { alerts, conditionText, renderAlertRules } from "../src/index.ts";
import { cases, type Firing, type Quiet } from "./cases/index.ts";
import { check, reason } from "./programs.ts";
import { least } from "./settings.ts";

if (reason !== undefined) console.log(reason);

describe.skipIf(reason !== undefined).each(alerts)("$name", (alert) => {
  const { fires, quiet } = cases[alert.name];

  test.each(fires)("fires when $what", async (firing) => {
    expect(await promtool(firing, [expected(firing)])).toContain("SUCCESS");
  });

  test.each(quiet)("is quiet when $what", async (calm) => {
    expect(await promtool(calm, [])).toContain("SUCCESS");
  });

  function expected({ labels, summary }: Firing) {
    const description = alert.threshold ? `${alert.title} (${conditionText(alert)})` : alert.title;
    return {
      exp_labels: { severity: alert.severity, ...labels },
      exp_annotations: { summary, description, runbook: alert.cure },
    };
  }

  function promtool({ input, at }: Quiet, firing: readonly object[]) {
    const file = {
      rule_files: ["alerts.yml"],
      evaluation_interval: "15s",
      tests: [
        {
          interval: "1m",
          input_series: input,
          alert_rule_test: [{ eval_time: at, alertname: alert.name, exp_alerts: firing }],
        },
      ],
    };
    const files = { "alerts.yml": renderAlertRules(least), "test.yml": stringify(file) };
    return check(files, "promtool", "test", "rules", "test.yml");
  }
});
