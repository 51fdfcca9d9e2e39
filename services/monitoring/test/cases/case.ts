/**
 * For each alert: figures that make it fire, with the sentence that the host reads, and figures that
 * must not. `values` is promtool's: `81x40` stays at 81 for 40 minutes, `0+3x40` grows by 3 a minute.
 */
export interface Series {
  readonly series: string;
  readonly values: string;
}
export interface Firing {
  readonly what: string;
  readonly input: readonly Series[];
  /** When it is looked at. */
  readonly at: string;
  /** Beside `alertname` and `severity`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
}
export type Quiet = Pick<Firing, "what" | "input" | "at">;
export interface Cases {
  readonly fires: readonly [Firing, ...Firing[]];
  readonly quiet: readonly [Quiet, ...Quiet[]];
}

export const series = (name: string, values: string): Series => ({ series: name, values });
