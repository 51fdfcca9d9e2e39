/**
 * A workshop's whole day on this machine: the stack comes up, participants work by the real protocol,
 * things go wrong, and a teardown ends it. Real are the engine, Redis, the queue manager, the workers
 * and the commands; simulated are ComfyUI, the participants and Verda.
 */
import { InvariantWatch, redisOfProcess, type Facts } from "../../../rehearsal/invariants/index.ts";
import { z } from "zod";
import type { Settings } from "../../../stacks/settings.ts";
import { AdminApi } from "../../cost/admin-api.ts";
import { VisibleError } from "../../visible-error.ts";
import type { Versions } from "../steps.ts";
import { daySettings } from "./day-settings.ts";
import { Load } from "./load.ts";
import { DayPlace, lastLines, STACK } from "./place.ts";
import { dayReport, type DayReport, type SceneResult } from "./report.ts";
import { Sampler } from "./sampler.ts";
import { scenes, type Day } from "./scenes.ts";

export interface DayPlan {
  /** Of the stack that is rehearsed. */
  readonly stack: string;
  readonly settings: Settings;
  readonly worker: Versions;
  /** Jobs of each participant in a round. */
  readonly jobs: number;
  /** Seconds before each job, on average. */
  readonly thinkSeconds: number;
  /** Simulated seconds of ComfyUI's work a second. */
  readonly speed: number;
  readonly firstPort: number;
  readonly signal: AbortSignal;
  readonly tell: (event: DayEvent) => void;
}

export type DayEvent =
  | { readonly kind: "begins"; readonly name: string }
  | { readonly kind: "ended"; readonly scene: SceneResult }
  | { readonly kind: "left out"; readonly name: string; readonly why: string };

const statusSchema = z.object({
  users: z.array(z.object({ id: z.string(), link: z.string() })),
  admin: z.object({ url: z.string(), token: z.string() }),
  workers: z.array(z.object({ name: z.string() })),
});
type Status = z.infer<typeof statusSchema>;

/** @throws VisibleError when the stack does not come up at all; everything later is in the report */
export async function runDay(plan: DayPlan): Promise<DayReport> {
  const startedAt = Date.now();
  const place = await DayPlace.start(plan.signal);
  try {
    const rehearsal = new Rehearsal(plan, place);
    const status = await rehearsal.open(startedAt);
    return await rehearsal.workAndEnd(status, startedAt);
  } finally {
    await place.remove();
  }
}

/** Less than a minute of one machine. */
const SPENT_BUDGET = { currency: "USD", amount: 0.01 };
const DRAINED = ["draining", "lost"];

class Rehearsal {
  readonly #plan: DayPlan;
  readonly #place: DayPlace;
  readonly #results: SceneResult[] = [];
  readonly #starts: (() => void)[] = [];

  constructor(plan: DayPlan, place: DayPlace) {
    this.#plan = plan;
    this.#place = place;
  }

  async open(startedAt: number): Promise<Status> {
    const { settings, worker, speed, firstPort } = this.#plan;
    this.#place.writeSettings(
      daySettings(settings, { speed, worker, firstPort, began: new Date(startedAt) }),
    );
    let status: Status | undefined;
    await this.#scene("The stack comes up", async () => {
      const up = await this.#place.run("up", STACK);
      if (up.code !== 0) throw new Error(`comfymulti up failed:\n${lastLines(up.text)}`);
      status = statusSchema.parse(
        JSON.parse((await this.#place.run("status", STACK, "--json")).stdout),
      );
      return `${status.users.length} participants have their links, ${status.workers.length} workers wait.`;
    });
    if (status === undefined) throw new VisibleError(this.#results[0]?.fault ?? "it did not start");
    return status;
  }

  async workAndEnd(status: Status, startedAt: number): Promise<DayReport> {
    const { signal, jobs, thinkSeconds, worker } = this.#plan;
    const place = this.#place;
    const users = status.users.map(({ id }) => id);
    const watch = await InvariantWatch.start({
      redis: redisOfProcess(await this.#pidOf("queue-manager")),
      gateway: { url: status.admin.url, adminToken: status.admin.token },
      users,
    });
    const sampler = new Sampler(status.admin);
    const load = new Load({
      ...{ links: status.users, jobs, thinkSeconds, signal },
      onStarted: () => {
        for (const resolve of this.#starts.splice(0)) resolve();
      },
    });
    const day: Day = {
      ...{ place, worker, signal },
      admin: status.admin,
      workers: status.workers.map(({ name }) => name),
      nextStart: () => new Promise((resolve) => this.#starts.push(resolve)),
    };
    let violations: readonly string[] = [];
    try {
      await this.#scene("Everybody works in peace", async () => {
        const round = await load.firstRound();
        const wait = round?.summary.wait?.p95.toFixed(1) ?? "?";
        return `${jobs} jobs each; 95 of 100 began within ${wait} s.`;
      });
      for (const scene of scenes) {
        const why = scene.without(day);
        if (why !== undefined) this.#plan.tell({ kind: "left out", name: scene.name, why });
        else await this.#scene(scene.name, () => scene.play(day));
      }
      await this.#scene("The last jobs end, and are counted", async () => {
        const rounds = await load.end();
        const facts = await watch.facts();
        const others = jobsOfUpgrades(facts, load, users.at(-1));
        violations = await watch.violations(load.records, { alsoSubmitted: others });
        const done = rounds.reduce((sum, { summary }) => sum + summary.outcomes.completed, 0);
        return `${done} jobs of participants, and ${others.length} of upgrades.`;
      });
    } finally {
      await sampler.end();
      watch.close();
    }
    await this.#scene("The budget is spent", () => this.#spendBudget(status.admin));
    await this.#scene("The teardown", () => this.#teardown());
    signal.throwIfAborted();
    return dayReport({
      ...{ startedAt, violations: [...violations], samples: sampler.samples },
      stack: this.#plan.stack,
      endedAt: Date.now(),
      scenes: this.#results,
      rounds: await load.end(),
      billed: place.billed(),
    });
  }

  /** As a timer would find it: what has been spent is more than the settings allow by now. */
  async #spendBudget(admin: Status["admin"]): Promise<string> {
    if (this.#place.billed().length === 0) return "Nothing is rented, and nothing has been spent.";
    this.#place.changeSettings({ budget: SPENT_BUDGET, budgetAction: "drain" });
    const { code, text } = await this.#place.run("cost", STACK, "--enforce");
    if (code !== 0) throw new Error(`comfymulti cost --enforce failed:\n${lastLines(text)}`);
    const api = new AdminApi(admin);
    const { paused } = await api.queue();
    const atWork = (await api.workers()).filter(({ status }) => !DRAINED.includes(status));
    if (!paused || atWork.length > 0) {
      throw new Error(
        `${paused ? "" : "the queue goes on; "}${atWork.length} workers take jobs:\n${lastLines(text)}`,
      );
    }
    return "A look at the cost paused the queue and took every worker out of it.";
  }

  async #teardown(): Promise<string> {
    const { code, stdout, text } = await this.#place.run("teardown", STACK, "--yes", "--json");
    if (code !== 0) throw new Error(`comfymulti teardown ended with ${code}:\n${lastLines(text)}`);
    const receipt = z
      .object({ verdict: z.string(), bundles: z.object({ list: z.array(z.unknown()) }) })
      .parse(JSON.parse(stdout));
    return `${receipt.bundles.list.length} participants' work is bundled; the receipt says: ${receipt.verdict}.`;
  }

  /** Faults do not end the day: what comes next may go wrong, too, and be worth knowing. */
  async #scene(name: string, play: () => Promise<string>): Promise<void> {
    this.#plan.signal.throwIfAborted();
    this.#plan.tell({ kind: "begins", name });
    const startedAt = Date.now();
    let outcome: { note: string; fault?: string };
    try {
      outcome = { note: await play() };
    } catch (error) {
      this.#plan.signal.throwIfAborted();
      outcome = { note: "", fault: error instanceof Error ? error.message : String(error) };
    }
    const scene = { name, startedAt, endedAt: Date.now(), ...outcome };
    this.#results.push(scene);
    this.#plan.tell({ kind: "ended", scene });
  }

  async #pidOf(service: string): Promise<number> {
    const report = (await this.#place.services()).find(({ name }) => name === service);
    if (report?.pid === undefined) throw new Error(`${service} does not run`);
    return report.pid;
  }
}

/** Smoke jobs run as the last participant; whatever else that one did not submit is told. */
function jobsOfUpgrades(facts: Facts, load: Load, lastUser: string | undefined): string[] {
  const submitted = new Set(load.records.map(({ promptId }) => promptId));
  return facts.jobs
    .filter(({ id, user }) => user === lastUser && !submitted.has(id))
    .map(({ id }) => id);
}
