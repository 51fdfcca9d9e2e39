/** Smoke jobs: every template that fits, through the real gateway, as a participant of the phase. */
import { templates, type Template } from "@comfymulti/workflows";
import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import pLimit from "p-limit";
import { z } from "zod";
import type { Platform } from "../../stacks/outputs.ts";
import type { Settings } from "../../stacks/settings.ts";
import { Gateway, type ListedJob } from "./gateway.ts";
import type { Breach } from "./judge.ts";
import { namesOf, type Phase } from "./phases.ts";

/** Rounds after which a template that never met a new worker counts as failed. */
const MOST_ROUNDS = 6;
const LOOK_MS = 300;
const TIMEOUT_MS = 30_000;
/** A full queue, a restart of the gateway: it is handed in again. */
const PASSING = new Set([429, 502, 503, 504]);
const AGAIN_MS = 1000;

const historySchema = z.record(
  z.string(),
  z.object({
    status: z.object({ status_str: z.string() }),
    outputs: z.record(z.string(), z.unknown()),
  }),
);

export interface SmokeOptions {
  readonly platform: Platform;
  readonly phase: Pick<Phase, "service" | "covers" | "limits">;
  readonly settings: Pick<Settings, "templates" | "jobTimeoutSeconds" | "userPendingLimit">;
  /** Jobs that those of the phase have completed since its update. */
  readonly completed: () => Promise<readonly ListedJob[]>;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

type User = Platform["users"][number];

/**
 * Runs until every template ran for those of the phase, and as many jobs as it wants.
 *
 * @param made gets every job that was handed in
 * @returns what went wrong
 */
export async function runSmokeJobs(
  options: SmokeOptions,
  made: SmokeJob[],
): Promise<Breach | undefined> {
  const { platform, phase, signal, tell } = options;
  const workers = await new Gateway(platform.admin, signal).workers();
  const fitting = templatesThatFit(options.settings.templates, workers);
  const [cheapest] = fitting.toSorted((a, b) => a.estimatedSeconds - b.estimatedSeconds);
  const users = smokeUsers(platform, phase);
  if (!cheapest || users.length === 0) return undefined;
  // As many at once as there are workers: a new one gets one of them.
  const copies = phase.service === "worker" ? Math.max(1, workers.length) : 1;
  const proven = new Set<string>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const missing = fitting.filter(({ id }) => !proven.has(id));
    const jobs = (await options.completed()).length;
    const more = Math.max(0, phase.limits.jobs - jobs - missing.length * copies);
    if (missing.length === 0 && jobs >= phase.limits.jobs) return undefined;
    const wanted = [
      ...missing.flatMap((template) => Array<Template>(copies).fill(template)),
      ...Array<Template>(more).fill(cheapest),
    ];
    if (wanted.length === 0) return undefined;
    tell(`${wanted.length} smoke jobs of ${new Set(wanted.map(({ id }) => id)).size} templates`);
    const limit = pLimit(Math.min(options.settings.userPendingLimit, Math.max(2, copies)));
    const ends = await Promise.all(
      wanted.map((template, index) => {
        const user = users[index % users.length] as User;
        return limit(async () => await runJob(template, user, options));
      }),
    );
    made.push(...ends);
    const failed = ends.find(({ fault }) => fault !== undefined);
    if (failed?.fault !== undefined) return { trigger: "smoke", sentence: failed.fault };
    const ours = new Set((await options.completed()).map(({ id }) => id));
    for (const { id, template } of ends) if (ours.has(id)) proven.add(template);
  }
  const unproven = fitting.filter(({ id }) => !proven.has(id)).map(({ id }) => id);
  const rest = unproven.length > 0 ? unproven.join(", ") : `${phase.limits.jobs} jobs`;
  return {
    trigger: "smoke",
    sentence: `${rest} did not get to run on ${namesOf(phase.covers)}: other workers took every smoke job`,
  };
}

/** Templates of the stack for which some worker has the memory and the model files; without workers all. */
export function templatesThatFit(
  ids: readonly string[],
  workers: readonly {
    readonly vramTotalMiB: number;
    readonly models?:
      | {
          readonly templates: readonly {
            readonly name: string;
            readonly missing: readonly string[];
          }[];
        }
      | undefined;
  }[],
): Template[] {
  return templates.filter(
    ({ id, vramMiB }) =>
      ids.includes(id) &&
      (workers.length === 0 ||
        workers.some(
          ({ vramTotalMiB, models }) =>
            vramMiB.max <= vramTotalMiB &&
            !models?.templates.some(({ name, missing }) => name === id && missing.length > 0),
        )),
  );
}

/** Participants of the phase; for workers the last one, who is first in everything. */
function smokeUsers({ users }: Platform, phase: SmokeOptions["phase"]): readonly User[] {
  return phase.service === "frontend"
    ? users.filter(({ id }) => phase.covers.includes(id))
    : users.slice(-1);
}

export interface SmokeJob {
  readonly id: string;
  readonly template: string;
  readonly user: User;
  /** For people; undefined when it came out well. */
  readonly fault: string | undefined;
}

async function runJob(
  template: Template,
  user: User,
  { signal, settings }: SmokeOptions,
): Promise<SmokeJob> {
  const id = randomUUID();
  const ended = (fault?: string): SmokeJob => ({ id, template: template.id, user, fault });
  const deadline = Date.now() + settings.jobTimeoutSeconds * 1000;
  const call = async (route: string, init?: RequestInit) =>
    await fetch(new URL(route, user.url), {
      ...init,
      headers: { authorization: `Bearer ${user.token}`, "content-type": "application/json" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  const graph = { prompt: withOwnSeed(template.api), prompt_id: id, client_id: "comfymulti" };
  const what = `the smoke job of ${template.id} as ${user.id}`;
  for (;;) {
    signal.throwIfAborted();
    const answer = await call("prompt", { method: "POST", body: JSON.stringify(graph) }).catch(
      noAnswer(signal),
    );
    if (answer?.ok) break;
    // It may have been taken, and its answer lost: the same id twice is one job.
    if (answer && !PASSING.has(answer.status)) {
      return ended(`${what} was refused (HTTP ${answer.status})`);
    }
    if (Date.now() > deadline) return ended(`${what} was not taken in time`);
    await pause(AGAIN_MS, undefined, { signal });
  }
  for (;;) {
    const answer = await call(`history/${id}`).catch(noAnswer(signal));
    const history = answer?.ok ? historySchema.safeParse(await answer.json()).data : undefined;
    const entry = history?.[id];
    if (entry) {
      const { status_str: status } = entry.status;
      if (status !== "success") return ended(`${what} ended with ${status}`);
      const hasOutput = Object.keys(entry.outputs).length > 0;
      return ended(hasOutput ? undefined : `${what} ended without a result`);
    }
    if (Date.now() > deadline) {
      return ended(`${what} did not end within ${settings.jobTimeoutSeconds} s`);
    }
    await pause(LOOK_MS, undefined, { signal });
  }
}

/** A gateway that does not answer once is asked again. */
const noAnswer = (signal: AbortSignal) => (error: unknown) => {
  if (signal.aborted) throw error;
  return undefined;
};

/** ComfyUI answers a graph that it has just computed from its cache. */
export function withOwnSeed(graph: Template["api"]): Template["api"] {
  const seed = randomInt(2 ** 47);
  return Object.fromEntries(
    Object.entries(graph).map(([id, node]) => {
      const seeds = Object.keys(node.inputs).filter(
        (name) => /^(noise_)?seed$/.test(name) && typeof node.inputs[name] === "number",
      );
      const own = Object.fromEntries(seeds.map((name) => [name, seed]));
      return [id, { ...node, inputs: { ...node.inputs, ...own } }];
    }),
  );
}

/** Takes them out of participants' history, which shows what they made themselves. */
export async function forgetSmokeJobs(
  made: readonly SmokeJob[],
  signal: AbortSignal,
): Promise<void> {
  const byUser = Map.groupBy(made, ({ user }) => user);
  for (const [user, jobs] of byUser) {
    await fetch(new URL("history", user.url), {
      method: "POST",
      headers: { authorization: `Bearer ${user.token}`, "content-type": "application/json" },
      body: JSON.stringify({ delete: jobs.map(({ id }) => id) }),
      signal,
    }).catch(noAnswer(signal));
  }
}
