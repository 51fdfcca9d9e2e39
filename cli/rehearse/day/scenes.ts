/**
 * What happens on a rehearsed day, besides participants who work all the while. Each scene brings
 * something about, waits for the platform to get over it, and says what it saw; what became of jobs is
 * counted afterwards, by others.
 */
import { setTimeout as pause } from "node:timers/promises";
import { Gateway, type AdminAccess } from "../../upgrade/gateway.ts";
import type { Versions } from "../steps.ts";
import { lastLines, STACK, type DayPlace } from "./place.ts";

export interface Day {
  readonly place: DayPlace;
  readonly admin: AdminAccess;
  /** `worker-1` and so on. */
  readonly workers: readonly string[];
  readonly worker: Versions;
  readonly signal: AbortSignal;
  /** Resolves when a job begins to run from now on. */
  readonly nextStart: () => Promise<void>;
}

export interface Scene {
  readonly name: string;
  /** A sentence why it can't be played on this stack; undefined when it can. */
  readonly without: (day: Pick<Day, "workers" | "worker" | "place">) => string | undefined;
  /** @returns what was seen @throws Error with what is wrong */
  readonly play: (day: Day) => Promise<string>;
}

const LOOK_MS = 250;
/** Longest that the platform may take to get over anything. */
const PATIENCE_MS = 120_000;
/** Watched after an upgrade's phase, seconds: a short clock. */
const WATCH_SECONDS = "2";

export const scenes: readonly Scene[] = [
  {
    name: "A worker crashes in the middle of a job",
    without: () => undefined,
    play: async (day) => {
      const worker = day.workers.at(-1) ?? "";
      const { job, attempt } = await jobOf(day, worker);
      const seconds = await timed(async () => {
        await day.place.crash(worker);
        await until(day, `${worker}'s job goes on`, async (gateway) => {
          const now = await gateway.job(job);
          return now?.state === "completed" || (now?.attempt ?? 0) > attempt;
        });
      });
      await allBack(day);
      return `${worker}'s job went on after ${seconds} s.`;
    },
  },
  {
    name: "Redis crashes",
    without: () => undefined,
    play: async (day) => {
      await day.nextStart();
      const seconds = await timed(async () => {
        await day.place.crash("redis");
        await day.nextStart();
      });
      return `Jobs began to run again after ${seconds} s.`;
    },
  },
  {
    name: "The queue manager crashes",
    without: () => undefined,
    play: async (day) => {
      await day.nextStart();
      const seconds = await timed(async () => {
        await day.place.crash("queue-manager");
        await day.nextStart();
      });
      return `Jobs began to run again after ${seconds} s.`;
    },
  },
  {
    name: "Verda takes a machine back, and its API fails",
    without: ({ place }) =>
      place.verda.inventory().instances.length === 0
        ? "it has no machines: Verda starts its workers by load"
        : undefined,
    play: async (day) => {
      const { place, workers } = day;
      const worker = workers.at(-1) ?? "";
      await place.evict(worker);
      for (const [method, path] of [
        ["POST", "/instances"],
        ["GET", /^\/instances/],
      ] as const) {
        place.verda.inject({ method, path, kind: "error-500", times: 2 });
      }
      let said = "";
      const seconds = await timed(async () => {
        const up = await place.run("up", STACK);
        if (up.code !== 0) throw new Error(`comfymulti up failed:\n${lastLines(up.text)}`);
        said = `${workers.length - 1} workers went on; comfymulti up rented another machine`;
        await allBack(day);
      });
      const machines = place.verda
        .inventory()
        .instances.filter(({ status }) => status === "running").length;
      if (machines !== workers.length) {
        throw new Error(`${machines} machines run at Verda for ${workers.length} workers`);
      }
      return `${said}, past four failed answers of the API; all were there after ${seconds} s.`;
    },
  },
  {
    name: "A bad version is rolled out",
    without: ({ worker }) =>
      worker.older === undefined
        ? "no older version of the workers is known that an upgrade could begin with"
        : undefined,
    play: async (day) => {
      const { place, worker, signal } = day;
      const upgrade = place.start(
        ...["upgrade", STACK, "--to-worker", worker.newer, "--watch", WATCH_SECONDS, "--yes"],
      );
      await upgrade.printed(/smoke jobs of/);
      // The new ComfyUI ends under its work, again and again.
      for (let crashes = 0; crashes < 2; crashes++) {
        await place.crash("comfyui-1");
        await pause(CRASHES_APART_MS, undefined, { signal });
      }
      const { code, text } = await upgrade.ended;
      if (code !== ROLLED_BACK) {
        throw new Error(`the upgrade did not go back (exit code ${code}):\n${lastLines(text)}`);
      }
      await allBack(day);
      const running = await new Gateway(day.admin, signal).workers();
      const ahead = running.filter(({ comfyuiVersion }) => comfyuiVersion !== worker.older);
      if (ahead.length > 0) {
        throw new Error(`${ahead.map(({ name }) => name).join(", ")} still has ${worker.newer}`);
      }
      const seconds = /back, everything well after ([\d.]+ s)/.exec(text)?.[1] ?? "some time";
      return `Its canary crashed twice; the upgrade went back by itself, and all was well ${seconds} after the decision.`;
    },
  },
];

/** Exit code of an upgrade that went back. */
const ROLLED_BACK = 2;
const CRASHES_APART_MS = 500;

/** A job that this worker is at, as soon as it is. */
async function jobOf(day: Day, worker: string): Promise<{ job: string; attempt: number }> {
  let found: { job: string; attempt: number } | undefined;
  await until(day, `${worker} works`, async (gateway) => {
    const id = (await gateway.workers()).find(({ name }) => name === worker)?.jobId;
    const job = id === undefined ? undefined : await gateway.job(id);
    if (job?.state === "running") found = { job: job.id, attempt: job.attempt };
    return found !== undefined;
  });
  if (found === undefined) throw new Error(`${worker} has nothing to do`);
  return found;
}

async function allBack(day: Day): Promise<void> {
  await until(day, "all workers are back", async (gateway) => {
    const workers = await gateway.workers();
    return day.workers.every((name) =>
      workers.some((worker) => worker.name === name && ["idle", "running"].includes(worker.status)),
    );
  });
}

async function until(
  { admin, signal }: Day,
  what: string,
  holds: (gateway: Gateway) => Promise<boolean>,
): Promise<void> {
  const gateway = new Gateway(admin, signal);
  for (const start = Date.now(); Date.now() - start < PATIENCE_MS;) {
    // The gateway itself may be away for a moment.
    if (await holds(gateway).catch(() => false)) return;
    await pause(LOOK_MS, undefined, { signal });
  }
  throw new Error(`it was waited ${PATIENCE_MS / 1000} s in vain until ${what}`);
}

/** @returns seconds, with one digit behind the point */
async function timed(work: () => Promise<void>): Promise<string> {
  const start = Date.now();
  await work();
  return ((Date.now() - start) / 1000).toFixed(1);
}
