/**
 * Carries an upgrade out, phase by phase, and goes back by itself. Every step is written down before
 * it is taken and can be taken again, so that the same command goes on from wherever it was cut off.
 */
import { InterruptedError } from "../interrupted-error.ts";
import { VisibleError } from "../visible-error.ts";
import { restoring, versionChanges } from "./change-versions.ts";
import { Gateway } from "./gateway.ts";
import type { Breach } from "./judge.ts";
import { namesOf, type Phase } from "./phases.ts";
import { canaryOf, needsBackup, retainedOf, withCanary, withoutCanary } from "./policy-records.ts";
import type { RecordStore } from "./record-store.ts";
import type { PhaseRecord, UpgradeRecord } from "./record.ts";
import type { StackAccess } from "./stack-access.ts";
import { allVersionsInUse, workerVersionsOf, type VersionsByService } from "./versions.ts";
import type { WatchPhase } from "./watch.ts";

export interface UpgradeParts {
  readonly stack: StackAccess;
  readonly store: RecordStore;
  readonly watch: WatchPhase;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

export class Upgrade {
  readonly #parts: UpgradeParts;
  readonly #record: UpgradeRecord;
  readonly #phases: readonly Phase[];

  /** @param phases those of the record, in its order */
  constructor(parts: UpgradeParts, record: UpgradeRecord, phases: readonly Phase[]) {
    this.#parts = parts;
    this.#record = record;
    this.#phases = phases;
  }

  /**
   * @returns the record: `promoted`, or `rolled-back` when a phase went wrong
   * @throws InterruptedError, or VisibleError when going back went wrong, too
   */
  async run(): Promise<UpgradeRecord> {
    const record = this.#record;
    const { stack, tell } = this.#parts;
    // First of all: from here on policies know that versions change.
    this.#retain(record.ranBefore);
    await this.#save();
    for (const [index, phase] of this.#phases.entries()) {
      const state = record.phases[index];
      if (!state || state.status === "promoted") continue;
      tell(
        `\n${index + 1}/${this.#phases.length} ${phase.service} ${phase.version}: ${namesOf(phase.covers)}`,
      );
      await this.#carryOut(phase, state);
      if (state.status === "rolled-back") return await this.#end("rolled-back");
    }
    tell("\nwriting down what was tried and what can be had back");
    const now = allVersionsInUse(stack.settings());
    this.#retain({
      frontend: [...record.ranBefore.frontend, ...now.frontend],
      worker: [...record.ranBefore.worker, ...now.worker],
    });
    await stack.update();
    return await this.#end("promoted");
  }

  async #carryOut(phase: Phase, state: PhaseRecord): Promise<void> {
    if (state.status === "open") await this.#open(state);
    let breach: Breach | undefined = state.breach;
    if (state.status === "applying") breach = await this.#apply(phase, state);
    if (state.status === "watching") breach = await this.#watch(phase, state);
    if (breach) await this.#leave(state, breach);
  }

  /** Before anything changes: a backup, and where the way back leads. */
  async #open(state: PhaseRecord): Promise<void> {
    const { stack, tell } = this.#parts;
    const settings = stack.settings();
    if (needsBackup(settings.lastBackup, settings.kind, new Date())) {
      tell("  backup first: the last one is too old");
      stack.change({ lastBackup: await stack.backup(await stack.platform()) });
    }
    state.before = stack.writtenVersions();
    state.startedAt = new Date().toISOString();
    state.status = "applying";
    await this.#save();
  }

  async #apply(phase: Phase, state: PhaseRecord): Promise<Breach | undefined> {
    const { stack, tell, signal } = this.#parts;
    const start = Date.now();
    const present = stack.settings();
    const next = phase.apply(present);
    try {
      const platform = await stack.platform();
      await stack.drain(platform, {
        versions: workerVersionsOf(next),
        patienceSeconds: present.jobTimeoutSeconds,
        signal,
        tell: (line) => tell(`  · ${line}`),
      });
      signal.throwIfAborted();
      stack.change(versionChanges(present, next));
      await stack.update();
      const updated = await stack.platform();
      await stack.settle(updated, signal);
      state.since = await new Gateway(updated.admin, signal).now();
    } catch (error) {
      if (isInterruption(error, signal)) throw error;
      return { trigger: "update", sentence: sentenceOf(error) };
    }
    state.updateSeconds = secondsSince(start);
    state.status = "watching";
    await this.#save();
    return undefined;
  }

  async #watch(phase: Phase, state: PhaseRecord): Promise<Breach | undefined> {
    const { stack, watch, tell, signal } = this.#parts;
    const platform = await stack.platform();
    const settings = stack.settings();
    const { breach, jobs } = await watch(
      { phase, platform, settings, since: state.since ?? Date.now() },
      signal,
      (line) => tell(`  · ${line}`),
    );
    if (breach) return breach;
    const canary = canaryOf(phase, stack.name, jobs, new Date());
    stack.change({ canaries: withCanary(settings.canaries, canary) });
    state.jobs = jobs;
    state.status = "promoted";
    state.endedAt = new Date().toISOString();
    await this.#save();
    tell(`  ✓ promoted after ${jobs} jobs`);
    return undefined;
  }

  /** Back to what was before the phase. */
  async #leave(state: PhaseRecord, breach: Breach): Promise<void> {
    const { stack, tell, signal } = this.#parts;
    const start = Date.now();
    tell(`  ✗ ${breach.sentence}: going back to what was before this phase`);
    state.breach = breach;
    state.status = "leaving";
    await this.#save();
    const { canaries } = stack.settings();
    const tried = { service: state.service, version: state.version, stack: stack.name };
    stack.change({
      ...restoring(state.before ?? {}),
      canaries: withoutCanary(canaries, tried),
    });
    await stack.update();
    await stack.settle(await stack.platform(), signal);
    state.rollbackSeconds = secondsSince(start);
    state.status = "rolled-back";
    state.endedAt = new Date().toISOString();
    await this.#save();
    tell(`  ✓ back, everything well after ${state.rollbackSeconds.toFixed(1)} s`);
  }

  #retain(versions: VersionsByService): void {
    const { stack } = this.#parts;
    stack.change({ retained: retainedOf(stack.settings(), versions) });
  }

  async #end(status: "promoted" | "rolled-back"): Promise<UpgradeRecord> {
    this.#record.status = status;
    this.#record.endedAt = new Date().toISOString();
    await this.#save();
    return this.#record;
  }

  async #save(): Promise<void> {
    await this.#parts.store.write(this.#record);
  }
}

const isInterruption = (error: unknown, signal: AbortSignal): boolean =>
  error instanceof InterruptedError || signal.aborted;

/** The first line that a person can do something with. */
const sentenceOf = (error: unknown): string =>
  error instanceof VisibleError
    ? error.message.replace(/\.$/, "")
    : `the update failed (${error instanceof Error ? error.message : String(error)})`;

const secondsSince = (start: number): number => (Date.now() - start) / 1000;
