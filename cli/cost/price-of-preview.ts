/** What a preview comes to in money: a short table below it. */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import Table from "cli-table3";
import { prices, type VerdaClient } from "../../components/verda/index.ts";
import type { Settings } from "../../stacks/settings.ts";
import { forecast, hoursUntil, type Forecast } from "./forecast.ts";
import type { CostLine } from "./lines.ts";
import { addTotals, rangeText, timesTotals, totalsText, type Totals } from "./money.ts";
import { resourcesOfPreview } from "./resources.ts";
import { costSettings } from "./settings.ts";

export interface PreviewPriceOptions {
  readonly settings: Settings;
  /** Asked for price lists alone, which need no credentials. */
  readonly client: VerdaClient;
  readonly now?: Date;
}

const HOURS_A_DAY = 24;

/**
 * Text for below a preview; empty when nothing of the stack costs. Never throws: a price that can't be
 * had is one line, and no reason to stop.
 *
 * @param events All events of the preview, as the Automation API's `onEvent` got them.
 */
export async function priceOfPreview(
  events: readonly EngineEvent[],
  { settings, client, now = new Date() }: PreviewPriceOptions,
): Promise<string> {
  try {
    const { before, after } = resourcesOfPreview(events);
    const own = costSettings(settings);
    if (![...before, ...after].some(({ type }) => /^(verda|cloudflare):/.test(type))) return "";
    const list = await prices(client);
    const hours = hoursUntil(own.endsAt, now) ?? HOURS_A_DAY;
    const [was, becomes] = [before, after].map((resources) =>
      forecast(resources, list, { settings: own, hours }),
    );
    return was && becomes ? table(was, becomes, own.endsAt) : "";
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `Without prices: ${reason}`;
  }
}

function table(was: Forecast, becomes: Forecast, endsAt: string | undefined): string {
  const rows = new Table({
    head: ["what this will cost", "an hour", "a day", ...(endsAt ? [`until ${endsAt}`] : [])],
    style: { head: [], border: [] },
  });
  for (const line of becomes.lines.filter(({ perHour }) => perHour.high > 0)) {
    const { currency, perHour, total } = line;
    const perDay = { low: perHour.low * HOURS_A_DAY, high: perHour.high * HOURS_A_DAY };
    rows.push([
      nameOf(line),
      ...[perHour, perDay, ...(endsAt ? [total] : [])].map((range) => rangeText(range, currency)),
    ]);
  }
  const { vatPercent } = becomes;
  const columns = [becomes.perHour, becomes.perDay, ...(endsAt ? [becomes.total] : [])];
  rows.push([
    vatPercent > 0 ? `in all, ${vatPercent} % VAT included` : "in all, without VAT",
    ...columns.map(totalsText),
  ]);
  const difference = addTotals(becomes.perHour, timesTotals(was.perHour, -1));
  return `${rows.toString()}\n${differenceText(difference)}${becomes.notCounted
    .map((sentence) => `\nNot counted: ${sentence}`)
    .join("")}`;
}

function nameOf({ count, unit, what }: CostLine): string {
  if (unit.startsWith("GB")) return `${count} GB ${what}`;
  return count > 1 ? `${count} × ${what}` : what;
}

/** At the high end: what runs by load may as well cost nothing. */
function differenceText(difference: Totals): string {
  const parts = Object.entries(difference)
    .filter(([, { high }]) => Math.abs(high) >= 0.000_05)
    .map(([currency, { high }]) => `${high > 0 ? "+" : ""}${high.toFixed(4)} ${currency}`);
  return parts.length === 0
    ? "As much an hour as now."
    : `${parts.join(" and ")} an hour compared with now, at the high end.`;
}
