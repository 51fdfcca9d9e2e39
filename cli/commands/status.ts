/** What runs, and how to get in: for people as tables, for programs as JSON. */
import Table from "cli-table3";
import pc from "picocolors";
import { readPlatform } from "../platform.ts";
import { liveStatus, type Status } from "../live-status.ts";

export async function status(stackName: string, { json }: { json: boolean }): Promise<void> {
  const live = await liveStatus(await readPlatform(stackName));
  if (json) {
    const { stack, users, admin, services, workers } = live;
    console.log(
      JSON.stringify(
        { stack, users, admin: { url: admin.url, token: admin.token }, services, workers },
        null,
        2,
      ),
    );
    return;
  }
  console.log(servicesTable(live));
  console.log(workersTable(live));
  console.log(linksTable(live));
}

/** No colours in the frame: the table is copied into mails and chats. */
const plain = { head: [], border: [] };

const paint = (state: string): string =>
  ["running", "healthy", "idle"].includes(state) ? pc.green(state) : pc.red(state);

export function servicesTable({ services }: Status): string {
  const table = new Table({ head: ["service", "status", "pid", "version"], style: plain });
  for (const { name, status, pid, version } of services) {
    table.push([name, paint(status), pid ?? "", version ?? ""]);
  }
  return table.toString();
}

export function workersTable({ workers }: Status): string {
  const table = new Table({ head: ["worker", "status", "ComfyUI"], style: plain });
  for (const { name, status, comfyuiVersion, simulated } of workers) {
    table.push([name, paint(status), comfyuiVersion + (simulated ? " (simulated, no GPU)" : "")]);
  }
  return table.toString();
}

export function linksTable({ users, admin }: Status): string {
  const table = new Table({ head: ["who", "personal link"], style: plain });
  for (const { id, link } of users) table.push([id, link]);
  table.push(["admin", admin.link]);
  return table.toString();
}
