/** What a stack will cost, as a range: pure arithmetic over what is declared and what it is priced at. */
import type { Prices } from "../../components/verda/index.ts";
import { billableOf } from "./billable.ts";
import { priceLines, type CostLine, type Priced } from "./lines.ts";
import { sum, times, timesTotals, type Range, type Totals } from "./money.ts";
import type { StackResource } from "./resources.ts";
import type { CostSettings } from "./settings.ts";

export interface ForecastOptions {
  readonly settings: CostSettings;
  readonly hours: number;
  /** How often one spot machine is made anew, at most. Default 2. */
  readonly evictions?: number;
}

export interface Forecast extends Priced {
  readonly hours: number;
  /** Taxes included. */
  readonly perHour: Totals;
  readonly perDay: Totals;
  readonly total: Totals;
  /** The total, shared evenly. */
  readonly perParticipant: Totals;
  readonly vatPercent: number;
}

export const DEFAULT_EVICTIONS = 2;
const HOURS_A_DAY = 24;
const MS_AN_HOUR = 3_600_000;

export function forecast(
  resources: readonly StackResource[],
  prices: Prices,
  { settings, hours, evictions = DEFAULT_EVICTIONS }: ForecastOptions,
): Forecast {
  const { lines, notCounted, stays } = priceLines(billableOf(resources), prices, {
    ...{ hours, evictions, settings },
  });
  const totals = (part: (line: CostLine) => Range) =>
    sum(
      lines.map((line) => ({
        currency: line.currency,
        amount: times(part(line), line.isWithoutVat ? 1 + settings.vatPercent / 100 : 1),
      })),
    );
  const perHour = totals((line) => line.perHour);
  const total = totals((line) => line.total);
  const isServerOpen = settings.hasAppServer && settings.otherCosts.length === 0;
  return {
    ...{ hours, lines, stays, perHour, total, vatPercent: settings.vatPercent },
    notCounted: [
      ...notCounted,
      ...(isServerOpen
        ? ["The app server's machine: comfymulti:otherCosts says what it costs."]
        : []),
    ],
    perDay: timesTotals(perHour, HOURS_A_DAY),
    perParticipant: timesTotals(total, 1 / settings.users),
  };
}

/** Hours from now until the stack's end, 0 when it has passed; undefined when it has none. */
export function hoursUntil(endsAt: string | undefined, now: Date): number | undefined {
  if (endsAt === undefined) return undefined;
  return Math.max(0, (Date.parse(endsAt) - now.getTime()) / MS_AN_HOUR);
}
