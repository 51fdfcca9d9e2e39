/**
 * All alerts, once: Prometheus' rules, the README's table and whoever watches an upgrade read them
 * here. https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
 */
import type { Alert } from "./alert.ts";
import { jobAlerts } from "./of-jobs.ts";
import { appServerAlerts } from "./of-the-app-server.ts";
import { workerAlerts } from "./of-workers.ts";

const table = [...jobAlerts, ...workerAlerts, ...appServerAlerts] as const;

export type AlertName = (typeof table)[number]["name"];

export const alerts: readonly (Alert & { readonly name: AlertName })[] = table;

export const alertNames = table.map(({ name }) => name);
