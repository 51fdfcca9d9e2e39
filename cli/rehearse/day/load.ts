/** Participants who work all day: one round of jobs after another, until they are told to stop. */
import {
  runParticipants,
  type JobRecord,
  type ParticipantLink,
  type ParticipantsReport,
} from "../../../rehearsal/participants/index.ts";

export interface LoadOptions {
  readonly links: readonly ParticipantLink[];
  /** Of each participant in a round. */
  readonly jobs: number;
  /** Seconds on average before each job. */
  readonly thinkSeconds: number;
  readonly signal: AbortSignal;
  /** A job began to run. */
  readonly onStarted: () => void;
}

/** After which a job that has not ended counts as lost, seconds: the day's clock is short. */
const PATIENCE_SECONDS = 180;

export class Load {
  readonly #options: LoadOptions;
  readonly #rounds: ParticipantsReport[] = [];
  readonly #first: Promise<void>;
  readonly #all: Promise<void>;
  #isOver = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#first = this.#round(1);
    this.#all = this.#first.then(() => this.#goOn());
    // Whoever waits for it is told; until then nobody has to be.
    this.#all.catch(() => undefined);
  }

  /** When everybody has had their first jobs. */
  async firstRound(): Promise<ParticipantsReport | undefined> {
    await this.#first;
    return this.#rounds[0];
  }

  /** Lets the round that is under way end. @returns all rounds */
  async end(): Promise<readonly ParticipantsReport[]> {
    this.#isOver = true;
    await this.#all;
    return this.#rounds;
  }

  get records(): readonly JobRecord[] {
    return this.#rounds.flatMap(({ jobs }) => jobs);
  }

  async #goOn(): Promise<void> {
    for (let round = 2; !this.#isOver && !this.#options.signal.aborted; round++) {
      await this.#round(round);
    }
  }

  async #round(seed: number): Promise<void> {
    const { links, jobs, thinkSeconds, signal, onStarted } = this.#options;
    const report = await runParticipants({
      ...{ links, jobs, thinkSeconds, seed, signal },
      patienceSeconds: PATIENCE_SECONDS,
      onEvent: ({ kind }) => {
        if (kind === "started") onStarted();
      },
    });
    this.#rounds.push(report);
  }
}
