/** What an alert is. The table of them is `table.ts`. */

/** In what a threshold is counted; decides how figures are written. */
export type Unit = "share" | "seconds" | "days" | "count";

/** The figure that is watched, and where it begins to be wrong. */
export interface Threshold {
  /** The figure in words, begins a sentence: "GPU memory in use on a worker". */
  readonly figure: string;
  readonly is: "above" | "below";
  /** Shares are 0 to 1. A setting may choose another: `rules` in settings.ts. */
  readonly value: number;
  readonly unit: Unit;
}

/** What expressions need to know besides their threshold. */
export interface ExpressionFacts {
  /** The threshold in force; 0 for an alert without one. */
  readonly threshold: number;
  /** How often a worker reports to the queue, seconds. */
  readonly reportSeconds: number;
}

export interface Alert {
  /** Prometheus' `alertname`. */
  readonly name: string;
  /** `critical`: the workshop stands or is about to lose something; `warning`: look soon. */
  readonly severity: "critical" | "warning";
  /** What is wrong, in words for a host who is not a programmer; no names and figures in it. */
  readonly title: string;
  /**
   * The same of the very case: Prometheus puts labels and the value in. `{{ $labels.worker }}`,
   * `{{ $value }}`.
   */
  readonly summary: string;
  /** What to do, in the order in which to try it. */
  readonly cure: string;
  /** Left out where something is either so or not: then `title` says when it fires. */
  readonly threshold?: Threshold;
  /** It has to be so for this long, seconds; 0 = at once. */
  readonly forSeconds: number;
  /** PromQL that has a value while something is wrong. */
  readonly expression: (facts: ExpressionFacts) => string;
}
