/**
 * Takes a stack down step by step, each written into the journal before the next one begins, so that
 * the same command goes on wherever an earlier one was cut off.
 */
import type { JournalState } from "./journal.ts";
import type { Receipt } from "./receipt.ts";
import type { Outcome, StepContext, TeardownOptions } from "./step.ts";
import type { StepName } from "./step-names.ts";
import { announce } from "./steps/announce.ts";
import { bundle } from "./steps/bundle.ts";
import { destroy } from "./steps/destroy.ts";
import { drain } from "./steps/drain.ts";
import { prove } from "./steps/prove.ts";
import { verify } from "./steps/verify.ts";
import { AppServer } from "./steps/where-alive.ts";

export class Teardown {
  readonly #options: TeardownOptions;
  #state: JournalState;

  /** @param state what the journal says, or a new one */
  constructor(options: TeardownOptions, state: JournalState) {
    this.#options = options;
    this.#state = state;
  }

  /** @throws VisibleError when it refuses to go on, with what to do */
  async run(): Promise<Receipt> {
    const context: StepContext = {
      options: this.#options,
      state: () => this.#state,
      write: (change) => this.#write(change),
    };
    const appServer = new AppServer(context);
    await this.#step("announce", () => announce(context, appServer));
    await this.#step("drain", () => drain(context, appServer));
    await this.#step("bundle", () => bundle(context, appServer));
    await this.#step("verify", () => verify(context));
    await this.#step("destroy", () => destroy(context));
    await this.#step("prove", () => prove(context));
    const { receipt } = this.#state;
    if (!receipt) throw new Error("the journal has no receipt after the last step");
    return receipt;
  }

  async #step(name: StepName, work: () => Promise<Outcome>): Promise<void> {
    const { progress, signal } = this.#options;
    signal.throwIfAborted();
    progress.begin(name);
    const before = this.#state.steps[name];
    if (before?.outcome !== undefined && this.#isOver(before.outcome)) {
      progress[before.outcome](`${before.note} (at ${before.endedAt ?? before.startedAt})`);
      return;
    }
    const startedAt = before?.startedAt ?? new Date().toISOString();
    await this.#write({ steps: this.#stepsWith(name, { startedAt, note: "" }) });
    const { change, ...outcome } = await work();
    const steps = this.#stepsWith(name, {
      startedAt,
      endedAt: new Date().toISOString(),
      ...outcome,
    });
    await this.#write({ steps, ...change?.({ ...this.#state, steps }) });
    progress[outcome.outcome](outcome.note);
  }

  /** What was left out may be made up for, as long as it is there. */
  #isOver(outcome: Outcome["outcome"]): boolean {
    if (outcome === "failed") return false;
    return outcome === "done" || this.#state.steps.destroy !== undefined;
  }

  #stepsWith(name: StepName, step: NonNullable<JournalState["steps"][StepName]>) {
    return { ...this.#state.steps, [name]: step };
  }

  async #write(change: Partial<JournalState>): Promise<void> {
    this.#state = { ...this.#state, ...change, revision: this.#state.revision + 1 };
    await this.#options.journal.write(this.#state);
  }
}
