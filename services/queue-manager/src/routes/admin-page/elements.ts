/** The few parts that the host's pages are made of. Each takes text and gives HTML. */
import { escapeHtml } from "../../pages.ts";

/** Cells are HTML already; a column without a head holds what can be done. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '<p class="dim">None.</p>';
  const head = heads.map((cell) => `<th>${escapeHtml(cell)}</th>`).join("");
  const body = rows.map(
    (row) =>
      `<tr>${row
        .map((cell, column) => `<td${heads[column] === "" ? ' class="do"' : ""}>${cell}</td>`)
        .join("")}</tr>`,
  );
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** Does it at once. */
export const button = (action: string, label: string, style?: "danger"): string =>
  `<form method="post" action="${escapeHtml(action)}"><button${style ? ` class="${style}"` : ""}>${escapeHtml(label)}</button></form>`;

/** Leads to a page that asks first: for what can't be undone. */
export const askFirst = (page: string, label: string): string =>
  `<a class="button" href="${escapeHtml(page)}">${escapeHtml(label)}</a>`;

/** The beginning of a job's id is enough to tell it from the others on a page. */
export const jobName = (id: string): string =>
  `<code title="${escapeHtml(id)}">${escapeHtml(id.slice(0, 8))}</code>`;

export const meter = (value: number, max: number): string =>
  `<meter min="0" max="${max}" high="${max * 0.8}" value="${Math.min(value, max)}"></meter>`;
