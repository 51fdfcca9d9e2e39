/** Looks at a stack while a phase is watched: one `Sample` a look. */
import type { Platform } from "../../stacks/outputs.ts";
import { Gateway, type ListedJob } from "./gateway.ts";
import type { Sample } from "./judge.ts";
import type { Phase } from "./phases.ts";
import { serviceStates, type ServiceState } from "./services.ts";

const REPORTS_A_LEASE = 3;
/** An editor that takes longer does not answer. */
const PAGE_PATIENCE_MS = 10_000;

export interface SamplerOptions {
  readonly platform: Platform;
  readonly phase: Pick<Phase, "service" | "covers">;
  readonly leaseSeconds: number;
  /** When the phase's update was done, ms since the epoch: what ended before does not count. */
  readonly since: number;
  readonly signal: AbortSignal;
}

export class Sampler {
  readonly #options: SamplerOptions;
  readonly #gateway: Gateway;
  /** Restarts before the phase, by service. */
  #restartsBefore: ReadonlyMap<string, number> | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#gateway = new Gateway(options.platform.admin, options.signal);
  }

  async look(): Promise<Sample> {
    const { platform, leaseSeconds, since } = this.#options;
    const [services, editors, seen] = await Promise.all([
      serviceStates(platform),
      this.#editors(),
      this.#queue().catch(() => undefined),
    ]);
    this.#restartsBefore ??= restartsOf(services);
    const before = this.#restartsBefore;
    const unanswered = [
      ...services.filter(({ isWell }) => !isWell).map(({ name }) => name),
      ...editors.flatMap(({ user, seconds }) =>
        seconds === undefined ? [`${user}'s editor`] : [],
      ),
      ...(seen ? [] : ["the gateway's admin API"]),
    ];
    const ended = (seen?.ended ?? []).filter(({ endedAt }) => (endedAt ?? 0) >= since);
    const recent = [...ended, ...(seen?.running ?? [])].filter(
      ({ createdAt }) => createdAt >= since,
    );
    return {
      at: Date.now(),
      pending: seen?.pending ?? 0,
      completed: ended.filter(({ state }) => state === "completed").length,
      failed: ended.filter(({ state }) => state === "failed").length,
      lostAttempts: recent.reduce((sum, { losses, faults }) => sum + losses + faults, 0),
      restarts: Object.fromEntries(
        services.map(({ name, restarts }) => [name, restarts - (before.get(name) ?? 0)]),
      ),
      unhealthy: unanswered,
      workers: (seen?.workers ?? []).map(({ name, status, vramTotalMiB, vramFreeMiB }) => ({
        name,
        lost: status === "lost",
        vramShare: vramTotalMiB > 0 ? 1 - vramFreeMiB / vramTotalMiB : 0,
        lateSeconds: (seen?.silence.get(name) ?? 0) - leaseSeconds / REPORTS_A_LEASE,
      })),
      editorSeconds: editors.flatMap(({ seconds }) => seconds ?? []),
    };
  }

  /** Jobs that those of the phase completed since its update. */
  async completedJobs(): Promise<readonly ListedJob[]> {
    const { phase, since } = this.#options;
    // Replicas have no names that a phase could know.
    const isOurs = ({ user, worker = "" }: ListedJob) =>
      phase.covers.length === 0 ||
      phase.covers.includes(phase.service === "frontend" ? user : worker);
    return (await this.#gateway.jobs("completed")).filter(
      (job) => (job.startedAt ?? 0) >= since && isOurs(job),
    );
  }

  async #queue() {
    const [pending, workers, silence, ended, running] = await Promise.all([
      this.#gateway.pending(),
      this.#gateway.workers(),
      this.#gateway.silence(),
      this.#gateway.jobs("completed", "failed"),
      this.#gateway.jobs("pending", "running"),
    ]);
    return { pending, workers, silence, ended, running };
  }

  /** Opens the editor of everybody in a phase of frontends. */
  async #editors(): Promise<{ user: string; seconds: number | undefined }[]> {
    const { platform, phase, signal } = this.#options;
    const users =
      phase.service === "frontend"
        ? platform.users.filter(({ id }) => phase.covers.includes(id))
        : [];
    return await Promise.all(
      users.map(async (user) => ({ user: user.id, seconds: await pageSeconds(user, signal) })),
    );
  }
}

const restartsOf = (services: readonly ServiceState[]) =>
  new Map(services.map(({ name, restarts }) => [name, restarts]));

/** How long a participant's page took; undefined when it did not come. */
export async function pageSeconds(
  { url, token }: Platform["users"][number],
  signal: AbortSignal,
): Promise<number | undefined> {
  const start = Date.now();
  try {
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PAGE_PATIENCE_MS)]),
    });
    await answer.arrayBuffer();
    return answer.ok ? (Date.now() - start) / 1000 : undefined;
  } catch {
    return undefined;
  }
}
