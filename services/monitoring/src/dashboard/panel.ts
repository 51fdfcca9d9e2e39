/** What the dashboard shows, before it is Grafana's JSON. The panels are `rows.ts`. */
import type { AlertName } from "../alerts/table.ts";

/** Grafana's ids of units. */
export type PanelUnit =
  "short" | "percentunit" | "s" | "bytes" | "mbytes" | "reqps" | "dateTimeFromNow";

export interface Query {
  readonly expression: string;
  /** Name of each line, `{{worker}}`. Default: the panel's title. */
  readonly legend?: string;
}

export interface Panel {
  readonly title: string;
  /** Shown at the panel's corner: what the figure means. */
  readonly help?: string;
  /** `lines`: over time; `figure`: now, one large number; `list`: labels of series that are there now. */
  readonly kind: "lines" | "figure" | "list";
  readonly unit: PanelUnit;
  readonly queries: readonly [Query, ...Query[]];
  /** Its threshold is drawn. */
  readonly alert?: AlertName;
  /** Of 24 columns. */
  readonly width: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}
