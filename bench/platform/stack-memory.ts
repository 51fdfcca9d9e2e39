/** Memory of a stack's services once every participant has loaded the editor and run a job. */
import { setTimeout as pause } from "node:timers/promises";
import { SupervisorClient } from "../../components/hosts/index.ts";
import { readSettings } from "../../cli/stack-settings.ts";
import type { Figure, Scope } from "../measurement/figure.ts";
import { Browser } from "./browser.ts";
import { exampleGraph } from "./graphs.ts";
import { memoryOf, type Memory } from "./process-facts.ts";
import { TemporaryStack } from "./temporary-stack.ts";

/** All participants' light frontends together, MB. */
const FRONTENDS_GOAL_MB = 400;
/** Garbage of the load is collected or not; nothing is forced. */
const SETTLE_MS = 2_000;

export async function measureMemory(stackName: string, scope: Scope): Promise<Figure[]> {
  const stack = new TemporaryStack(stackName, scope);
  await stack.up();
  const { users, services } = await stack.status();
  const { frontendVersion } = readSettings(stackName);
  const browsers = await Promise.all(users.map((participant) => Browser.open(participant)));
  scope.defer(() => browsers.forEach((browser) => browser.close()));
  for (const browser of browsers) await browser.loadEditor(frontendVersion);
  await Promise.all(browsers.map((browser) => browser.render(exampleGraph())));
  await pause(SETTLE_MS);

  const supervisor = await new SupervisorClient(stack.dataDirectory).supervisor();
  if (!supervisor) throw new Error("a stack that is up has a supervisor");
  const processes = [...services, { name: "supervisor", pid: supervisor.pid }];
  const memory = new Map<string, Memory[]>();
  for (const { name, pid } of processes) {
    // worker-1, worker-2 and worker-3 are one line; so are the frontends of several versions.
    const kind = name.replace(/(-\d+)+$/, "");
    memory.set(kind, [...(memory.get(kind) ?? []), memoryOf(pid)]);
  }
  const figures = [...memory].flatMap(([kind, each]) => lines(kind, each, users.length));
  return [...figures, ...lines("whole stack", [...memory.values()].flat(), users.length)];
}

function lines(kind: string, each: readonly Memory[], users: number): Figure[] {
  const label = kind === "frontend" ? `frontend of ${users} users` : kind;
  const name = each.length > 1 ? `${label} (${each.length} processes)` : label;
  const sum = (part: keyof Memory) => each.reduce((total, memory) => total + memory[part], 0);
  const goal = kind === "frontend" ? { goal: FRONTENDS_GOAL_MB } : {};
  return [
    { name: `${name}, RSS`, unit: "MB", value: sum("rss"), ...goal },
    { name: `${name}, PSS`, unit: "MB", value: sum("pss") },
  ];
}
