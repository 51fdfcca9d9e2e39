/** Everybody's personal link, as a table and as CSV. */
import Table from "cli-table3";

export interface PersonalLink {
  /** `user003` */
  readonly id: string;
  readonly link: string;
}

/** No colours in the frame: the table is copied into mails and chats. */
const plain = { head: [], border: [] };

export function linksTable(links: readonly PersonalLink[], revoked: readonly string[]): string {
  const table = new Table({ head: ["participant", "personal link"], style: plain });
  const rows = [
    ...links.filter(({ id }) => !revoked.includes(id)).map(({ id, link }) => [id, link] as const),
    ...revoked.map((id) => [id, "revoked"] as const),
  ];
  for (const row of rows.toSorted(([one], [other]) => one.localeCompare(other))) {
    table.push([...row]);
  }
  return table.toString();
}

/** As https://www.rfc-editor.org/rfc/rfc4180 has it; spreadsheets and mail merges read it. */
export const linksCsv = (links: readonly PersonalLink[]): string =>
  [["participant", "link"], ...links.map(({ id, link }) => [id, link])]
    .map((row) => `${row.map(field).join(",")}\r\n`)
    .join("");

/** A spreadsheet takes a field that begins like one of these for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

const field = (text: string): string => {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
