/** What the engine would change, grouped by what participants notice of it. */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

export const notices = ["rented", "worker", "editor", "gateway", "nobody"] as const;
export type Notice = (typeof notices)[number];

/** What it means for people. */
export const noticeText: Readonly<Record<Notice, string>> = {
  rented: "Machines and disks are rented or given back: money, and a worker less for minutes",
  worker: "A worker takes no more jobs, ends its own, and comes back; others go on",
  editor: "An editor starts anew: its participants may have to reload the page",
  gateway: "The queue's door starts anew, one of two after the other: a page reconnects by itself",
  nobody: "Nobody notices",
};

export interface ResourceChange {
  readonly name: string;
  /** `Process`, `Container`, `Instance` */
  readonly type: string;
  readonly operation: "create" | "update" | "replace" | "delete";
  readonly notice: Notice;
}

const OPERATIONS: Readonly<Record<string, ResourceChange["operation"]>> = {
  create: "create",
  update: "update",
  replace: "replace",
  delete: "delete",
};

/** @param events All events of one preview. */
export function changesOf(events: readonly EngineEvent[]): ResourceChange[] {
  const changes = new Map<string, ResourceChange>();
  for (const { resourcePreEvent } of events) {
    if (!resourcePreEvent) continue;
    const { op, urn, type, old, new: next } = resourcePreEvent.metadata;
    // Components only hold others.
    if ((next ?? old)?.custom !== true) continue;
    // A replacement comes in three steps; this one stands for them.
    const operation = OPERATIONS[op === "create-replacement" ? "replace" : op];
    if (operation === undefined || type.startsWith("pulumi:providers:")) continue;
    const name = urn.split("::").at(-1) ?? urn;
    changes.set(urn, {
      name,
      type: type.split(":").at(-1) ?? type,
      operation,
      notice: noticeOf(type, name),
    });
  }
  return [...changes.values()];
}

function noticeOf(type: string, name: string): Notice {
  if (type.startsWith("verda:") && /:(Instance|Volume|ContainerDeployment)$/.test(type)) {
    return "rented";
  }
  if (!/:(Process|Container)$/.test(type)) return "nobody";
  if (/^(worker|comfyui)-\d+$/.test(name)) return "worker";
  if (name.startsWith("frontend") || name.startsWith("comfyui-user")) return "editor";
  if (name.startsWith("queue-manager") || name === "nginx" || name === "redis") return "gateway";
  return "nobody";
}
