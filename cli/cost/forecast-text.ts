/** A forecast for people. */
import Table from "cli-table3";
import type { Forecast } from "./forecast.ts";
import { amountText, rangeText, totalsText } from "./money.ts";

/** No colours in the frame: the table is copied into mails and chats. */
const plain = { head: [], border: [] };

export function forecastText(forecast: Forecast, until: string): string {
  const { lines, hours, perHour, perDay, total, perParticipant, vatPercent } = forecast;
  if (lines.length === 0) return "Nothing of this stack is rented: it costs nothing.";
  const table = new Table({
    head: ["what", "how many", "price of one", "an hour", until],
    style: plain,
  });
  for (const line of lines) {
    table.push([
      line.what,
      line.count,
      `${amountText(line.unitPrice, line.currency)} a ${line.unit}`,
      rangeText(line.perHour, line.currency),
      rangeText(line.total, line.currency),
    ]);
  }
  const vat =
    vatPercent > 0
      ? `Verda's prices in the table are without tax; from here on with ${vatPercent} % VAT (comfymulti:vatPercent).`
      : "Verda's prices are without tax, and no VAT is added: set comfymulti:vatPercent if you pay it.";
  return [
    table.toString(),
    ...lines.filter(({ note }) => note !== "").map(({ what, note }) => `  ${what}: ${note}`),
    vat,
    `  an hour            ${totalsText(perHour)}`,
    `  a day              ${totalsText(perDay)}`,
    `  ${until.padEnd(18)} ${totalsText(total)} (${hours.toFixed(1)} h)`,
    `  a participant      ${totalsText(perParticipant)}, shared evenly`,
    ...notes(forecast),
  ].join("\n");
}

function notes({ notCounted, stays }: Forecast): string[] {
  return [
    ...notCounted.map((sentence) => `Not counted: ${sentence}`),
    ...stays.map(
      ({ what, perMonth, currency }) =>
        `Stays after the end: ${what}, ${amountText(perMonth, currency)} a month.`,
    ),
  ];
}
