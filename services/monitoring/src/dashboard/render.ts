/** The dashboard as Grafana's JSON. https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
import { alertsInForce } from "../alert-rules.ts";
import type { Alert } from "../alerts/alert.ts";
import { monitoringSettingsSchema, type MonitoringSettingsInput } from "../settings.ts";
import type { Panel, Query } from "./panel.ts";
import { rows } from "./rows.ts";

/** Of the data source in Grafana; grafana-provisioning.ts makes it. */
export const PROMETHEUS_UID = "prometheus";

/** Newest of Grafana 11; later ones read it. */
const SCHEMA_VERSION = 39;
const ROW_HEIGHT = 8;

const datasource = { type: "prometheus", uid: PROMETHEUS_UID };

/** @throws ZodError when the settings are not valid */
export function renderDashboard(input: MonitoringSettingsInput): string {
  const settings = monitoringSettingsSchema.parse(input);
  const alerts = alertsInForce(settings);
  const thresholdOf = ({ alert: name }: Panel) =>
    alerts.find((alert) => alert.name === name)?.threshold;
  const panels = rows.flatMap((row, index) => {
    const y = index * (ROW_HEIGHT + 1);
    const heading = {
      ...{ type: "row", title: row.title, collapsed: false, panels: [] },
      gridPos: { x: 0, y, w: 24, h: 1 },
    };
    let x = 0;
    const shown = row.panels.map((panel) => {
      const gridPos = { x, y: y + 1, w: panel.width, h: ROW_HEIGHT };
      x += panel.width;
      return { ...panelJson(panel, thresholdOf(panel)), gridPos };
    });
    return [heading, ...shown];
  });
  return JSON.stringify({
    uid: "comfymulti",
    title: settings.stackName,
    schemaVersion: SCHEMA_VERSION,
    editable: false,
    timezone: "browser",
    refresh: `${settings.scrapeSeconds}s`,
    time: { from: "now-1h", to: "now" },
    // One cursor over all panels.
    graphTooltip: 1,
    panels: panels.map((panel, index) => ({ id: index + 1, ...panel })),
  });
}

function panelJson(panel: Panel, threshold: Alert["threshold"]) {
  const { title, help, unit, kind, queries } = panel;
  return {
    title,
    ...(help !== undefined && { description: help }),
    datasource,
    targets: queries.map((query, index) => target(panel, query, index)),
    fieldConfig: {
      defaults: {
        unit,
        ...(kind === "lines" && { min: 0 }),
        ...(threshold && {
          thresholds: thresholdSteps(threshold),
          ...(kind === "lines" && { custom: { thresholdsStyle: { mode: "dashed" } } }),
        }),
      },
      overrides: [],
    },
    ...shapes[kind],
  };
}

function target({ title, kind }: Panel, { expression, legend = title }: Query, index: number) {
  return {
    refId: String.fromCharCode("A".charCodeAt(0) + index),
    datasource,
    expr: expression,
    legendFormat: legend,
    ...(kind === "lines" ? { range: true } : { instant: true, range: false }),
    ...(kind === "list" && { format: "table" }),
  };
}

/** Grafana colours from each step upwards; the first has no value. */
function thresholdSteps({ is, value }: NonNullable<Alert["threshold"]>) {
  const [under, over] = is === "above" ? ["green", "red"] : ["red", "green"];
  return {
    mode: "absolute",
    steps: [
      { color: under, value: null },
      { color: over, value },
    ],
  };
}

const shapes: Readonly<Record<Panel["kind"], object>> = {
  lines: {
    type: "timeseries",
    options: {
      legend: { showLegend: true, displayMode: "list", placement: "bottom", calcs: [] },
      tooltip: { mode: "multi", sort: "desc" },
    },
  },
  figure: {
    type: "stat",
    options: {
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      ...{ colorMode: "value", graphMode: "none", justifyMode: "auto", textMode: "auto" },
    },
  },
  list: {
    type: "table",
    options: { showHeader: true, cellHeight: "sm" },
    // What a host reads of a series of ALERTS.
    transformations: [
      {
        id: "filterFieldsByName",
        options: { include: { names: ["alertname", "severity", "service", "worker"] } },
      },
    ],
  },
};
