/** The page for people: what is there, what it costs, what happened. Self-contained, read only. */
import type { SimulatorEvent } from "../world/event-log.ts";
import type { Inventory } from "../world/inventory.ts";
import { html, Html } from "./html.ts";

export interface PageContent {
  readonly now: string;
  readonly speed: number;
  readonly balance: number;
  readonly currency: string;
  readonly inventory: Inventory;
  readonly faults: readonly { method: string; path: string; kind: string; times: number }[];
  readonly events: readonly SimulatorEvent[];
}

const STYLE = new Html(`<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
  td:first-child { white-space: nowrap; }
  h2 { margin-top: 2rem; }
</style>`);

/** A table of texts, or a word when there is none. */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): Html {
  if (rows.length === 0) return html`<p>None.</p>`;
  const cells = (row: readonly (string | number)[]) => row.map((cell) => html`<td>${cell}</td>`);
  return html`<table>
    <thead>
      <tr>
        ${head.map((cell) => html`<th scope="col">${cell}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${cells(row)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

export function page(content: PageContent): string {
  const { inventory, currency } = content;
  const money = (amount: number, digits = 2) =>
    `${amount.toFixed(digits)} ${currency.toUpperCase()}`;
  const perHour = inventory.billable.reduce((sum, { pricePerHour }) => sum + pricePerHour, 0);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta http-equiv="refresh" content="5" />
        <title>Simulated Verda</title>
        ${STYLE}
      </head>
      <body>
        <h1>Simulated Verda</h1>
        <p>
          Simulated time ${content.now}, ${content.speed} × real time. Balance
          ${money(content.balance)}, spending ${money(perHour, 4)} an hour.
        </p>
        <h2>Instances</h2>
        ${table(
          ["Hostname", "Status", "Type", "Location", "Spot", "Description", "Id"],
          inventory.instances.map((one) => [
            one.hostname,
            one.status,
            one.instance_type,
            one.location,
            one.is_spot ? "yes" : "no",
            one.description,
            one.id,
          ]),
        )}
        <h2>Volumes</h2>
        ${table(
          ["Name", "Status", "Type", "GB", "Location", "Used by", "Id"],
          inventory.volumes.map((one) => [
            one.name,
            one.inTrash ? "in the trash" : one.status,
            one.type,
            one.size,
            one.location,
            one.instance_ids.join(", "),
            one.id,
          ]),
        )}
        <h2>Container deployments</h2>
        ${table(
          ["Name", "Status", "Replicas"],
          inventory.deployments.map((one) => [one.name, one.status, one.replicas]),
        )}
        <h2>Keys, scripts, secrets and credentials</h2>
        ${table(
          ["Kind", "Name"],
          [
            ...inventory.sshKeys.map(({ name }) => ["SSH key", name]),
            ...inventory.startupScripts.map(({ name }) => ["startup script", name]),
            ...inventory.secrets.map(({ name, secret_type: kind }) => [`secret (${kind})`, name]),
            ...inventory.registryCredentials.map(({ name }) => ["registry credentials", name]),
          ],
        )}
        <h2>What costs money</h2>
        ${table(
          ["Kind", "Name", "An hour", "Since", "Spent"],
          inventory.billable.map((one) => [
            one.kind,
            one.name,
            money(one.pricePerHour, 4),
            one.since,
            money(one.cost, 4),
          ]),
        )}
        <h2>Faults that wait</h2>
        ${table(
          ["Kind", "Method", "Path", "Times"],
          content.faults.map((one) => [one.kind, one.method, one.path, one.times]),
        )}
        <h2>Events, newest first</h2>
        ${table(
          ["Time", "Kind", "What", "Of"],
          content.events.map((one) => [one.at, one.kind, one.message, one.subject ?? ""]),
        )}
      </body>
    </html> `.text;
}
