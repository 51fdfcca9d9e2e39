/** One simulated participant: opens the page, thinks, uploads, runs, waits, looks at the pictures. */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { jobSchema, nothingSchema, promptSchema, uploadSchema, type JobAnswer } from "./answers.ts";
import { chance } from "./chance.ts";
import { ParticipantsError, type ParticipantsSettings, type ParticipantLink } from "./options.ts";
import { Page } from "./page.ts";
import { ownPicture, type OwnPicture } from "./picture.ts";
import { checkPictures, sha256 } from "./pictures.ts";
import type { JobRecord } from "./report.ts";
import { RefusedError } from "./session.ts";
import type { SharedKnowledge } from "./shared.ts";
import type { Workload } from "./workload.ts";

/** Between two looks at a job whose end nothing tells, ms. */
const LOOK_MS = 10_000;
/** Everybody's photo has the same name, as everybody's camera names it. */
const UPLOAD_NAME = "photo.png";
const FOLDER = "participants";

export interface ParticipantOptions {
  readonly link: ParticipantLink;
  readonly settings: ParticipantsSettings;
  /** In every file's name, so that two runs are told apart. */
  readonly run: string;
  readonly shared: SharedKnowledge;
  /** Resolves once for all: the first participant's node definitions serve everybody. */
  readonly workload: (page: Page) => Promise<Workload>;
  readonly signal: AbortSignal;
  readonly on: {
    readonly arrived: () => void;
    readonly submitting: (record: JobRecord) => void;
    readonly refused: (record: JobRecord) => void;
    readonly accepted: (record: JobRecord) => void;
    readonly started: (record: JobRecord) => void;
    readonly ended: (record: JobRecord) => void;
    readonly error: (sentence: string) => void;
  };
}

type Turn = "at once" | "when it runs" | undefined;

export class Participant {
  readonly id: string;
  reloads = 0;
  reconnects = 0;
  readonly #options: ParticipantOptions;
  /** The job that was submitted last. */
  #current: JobRecord | undefined;
  /** Other participants' jobs that were shown. */
  readonly #foreign = new Set<string>();

  constructor(options: ParticipantOptions) {
    this.id = options.link.id;
    this.#options = options;
  }

  /**
   * Runs all jobs. What goes wrong is told to `on.error`.
   *
   * @throws ParticipantsError when this platform can't run the template
   */
  async run(): Promise<void> {
    const { settings, signal, on, link } = this.#options;
    let page: Page | undefined;
    try {
      // Nobody comes at the same moment: the first job's thinking is the way in.
      await this.#think(1);
      page = await Page.open({
        link,
        signal,
        patienceMs: settings.patienceSeconds * 1000,
        onSeen: (promptId) => this.#tellForeign(promptId),
        onReconnect: () => this.reconnects++,
        onFault: (error) => on.error(sentenceOf(error)),
      });
      const workload = await this.#options.workload(page);
      on.arrived();
      for (let number = 1; number <= settings.jobs; number++) {
        if (number > 1) await this.#think(number);
        await this.#runJob(page, workload, number);
      }
    } catch (error) {
      if (error instanceof ParticipantsError) throw error;
      if (!signal.aborted) on.error(sentenceOf(error));
    } finally {
      if (page && signal.aborted) await this.#tidyUp(page);
      page?.close();
    }
  }

  /** A run that is stopped leaves no job behind that a real participant would have to wait for. */
  async #tidyUp({ session }: Page): Promise<void> {
    if (this.#current?.outcome !== "unfinished") return;
    const { promptId } = this.#current;
    await session.lastWord("api/queue", { delete: [promptId] });
    await session.lastWord("api/interrupt", { prompt_id: promptId });
  }

  async #think(number: number): Promise<void> {
    const { settings, signal } = this.#options;
    const seconds = this.#chance(number, "think") * 2 * settings.thinkSeconds;
    await pause(seconds * 1000, undefined, { signal });
  }

  async #runJob(page: Page, workload: Workload, number: number): Promise<void> {
    const { run, shared, on } = this.#options;
    const own = await ownPicture(`${run}/${this.id}/${number}`);
    const upload = await page.session.upload(UPLOAD_NAME, own.png, uploadSchema);
    const record: JobRecord = {
      user: this.id,
      number,
      // A choice of one's own: a try whose answer got lost is no second job.
      promptId: randomUUID(),
      prefix: `${FOLDER}/${run}-${String(number).padStart(5, "0")}`,
      outcome: "unfinished",
      accepted: false,
      cancelAsked: false,
      submittedAt: Date.now(),
      refusals: 0,
      told: { starts: 0, ends: 0, previews: 0 },
      files: [],
    };
    this.#current = record;
    shared.submitted(record);
    shared.claim(sha256(own.pixels), record);
    on.submitting(record);
    const graph = workload.graph({
      upload: upload.subfolder ? `${upload.subfolder}/${upload.name}` : upload.name,
      prefix: record.prefix,
      chance: (node, input) => this.#chance(number, run, node, input),
    });
    const watched = page.watch(record);
    void watched.started.then(() => on.started(record));
    try {
      await this.#submit(page, record, graph);
      on.accepted(record);
      await Promise.all([
        this.#cancel(page, record, watched.started, watched.ended),
        this.#reload(page, record),
      ]);
      await this.#settle(page, record, watched.ended, { own, workload });
    } catch (error) {
      this.#options.signal.throwIfAborted();
      record.outcome = record.accepted ? "lost" : "refused";
      on.error(`${this.#named(record)}: ${sentenceOf(error)}`);
    } finally {
      page.forget(record);
      on.ended(record);
    }
  }

  async #submit(page: Page, record: JobRecord, graph: { prompt: object; workflow: object }) {
    const { on } = this.#options;
    const body = {
      client_id: page.clientId,
      prompt_id: record.promptId,
      prompt: graph.prompt,
      extra_data: { extra_pnginfo: { workflow: graph.workflow } },
    };
    const answer = await page.session.post("api/prompt", body, promptSchema, () => {
      record.refusals++;
      on.refused(record);
    });
    record.accepted = true;
    record.acceptedAt = Date.now();
    if (answer.prompt_id !== record.promptId) {
      on.error(`${this.#named(record)} was given another prompt_id than it asked for.`);
    }
  }

  /** Half of those who cancel do so before the job runs, half once it runs. */
  #cancelTurn(number: number): Turn {
    const { cancelShare } = this.#options.settings;
    if (this.#chance(number, "cancel") >= cancelShare) return undefined;
    return this.#chance(number, "cancel when") < 0.5 ? "at once" : "when it runs";
  }

  async #cancel(
    { session }: Page,
    record: JobRecord,
    started: Promise<void>,
    ended: Promise<void>,
  ): Promise<void> {
    const turn = this.#cancelTurn(record.number);
    if (!turn) return;
    const patienceMs = this.#options.settings.patienceSeconds * 1000;
    if (turn === "when it runs") await this.#firstOf(patienceMs, started, ended);
    record.cancelAsked = true;
    const { promptId } = record;
    // The editor's two buttons. Each leaves alone what is not its own, so both are pressed.
    await session.post("api/queue", { delete: [promptId] }, nothingSchema);
    await session.post("api/interrupt", { prompt_id: promptId }, nothingSchema);
  }

  async #reload(page: Page, { number }: JobRecord): Promise<void> {
    if (this.#chance(number, "reload") >= this.#options.settings.reloadShare) return;
    this.reloads++;
    await page.reload();
  }

  /** Waits for the end, and says what became of the job. */
  async #settle(
    page: Page,
    record: JobRecord,
    ended: Promise<void>,
    { own, workload }: { readonly own: OwnPicture; readonly workload: Workload },
  ): Promise<void> {
    const { shared, on, settings } = this.#options;
    const job = await this.#end(page, record, ended);
    if (!job) {
      record.outcome = "lost";
      on.error(
        `${this.#named(record)} was accepted and has not ended after ${settings.patienceSeconds} s.`,
      );
      return;
    }
    takeTimes(record, job);
    if (job.status === "completed") {
      const { session } = page;
      const { ownPictureNode } = workload;
      const faults = await checkPictures({ session, record, own, ownPictureNode, shared });
      record.checkedAt = Date.now();
      record.outcome = faults.length === 0 ? "completed" : "wrong";
      for (const fault of faults) on.error(`${this.#named(record)}: ${fault}.`);
    } else if (job.status === "cancelled" && record.cancelAsked) {
      record.outcome = "cancelled";
    } else {
      record.outcome = "failed";
      const reason = job.execution_error?.exception_message ?? "no reason given";
      on.error(
        job.status === "cancelled"
          ? `${this.#named(record)} was cancelled, and not by its participant.`
          : `${this.#named(record)} failed: ${reason}`,
      );
    }
  }

  /** The job once it has ended: told by the WebSocket or the lists, or found by a look now and then. */
  async #end(
    { session }: Page,
    record: JobRecord,
    ended: Promise<void>,
  ): Promise<JobAnswer | undefined> {
    const deadline = Date.now() + this.#options.settings.patienceSeconds * 1000;
    // Of a job that is cancelled while it waits nothing is told: so it is looked at now.
    let told: Promise<void> | undefined = record.cancelAsked ? Promise.resolve() : ended;
    for (;;) {
      await this.#firstOf(LOOK_MS, told);
      told = told === ended ? undefined : ended;
      const job = await session.json(`api/jobs/${record.promptId}`, jobSchema);
      if (job.status !== "pending" && job.status !== "in_progress") return job;
      if (Date.now() > deadline) return undefined;
    }
  }

  #tellForeign(promptId: string): void {
    if (this.#foreign.has(promptId)) return;
    const owner = this.#options.shared.foreignJob(promptId, this.id);
    if (!owner) return;
    this.#foreign.add(promptId);
    this.#options.on.error(`${this.id} was shown ${owner}.`);
  }

  /** Waits for one of them, for this long, or until the run is stopped. */
  async #firstOf(waitMs: number, ...events: readonly (Promise<void> | undefined)[]): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, over.signal]);
    try {
      await Promise.race([pause(waitMs, undefined, { signal }), ...events.filter(isPromise)]);
    } finally {
      over.abort();
    }
  }

  #chance(number: number, ...question: readonly string[]): number {
    return chance(this.#options.settings.seed, this.id, number, ...question);
  }

  #named({ number, promptId }: JobRecord): string {
    return `${this.id}'s job ${number} (${promptId})`;
  }
}

const isPromise = (event: Promise<void> | undefined): event is Promise<void> => event !== undefined;

/**
 * The server's times, brought to this clock. What the participant learned it learned afterwards: that
 * the job is there, and that it has ended. The tighter of the two bounds counts.
 */
function takeTimes(record: JobRecord, job: JobAnswer): void {
  const { acceptedAt = Date.now(), toldAt = Date.now() } = record;
  const { create_time: created, execution_start_time: started, execution_end_time: ended } = job;
  const offset = Math.min(acceptedAt - created, ended === undefined ? Infinity : toldAt - ended);
  if (started !== undefined) record.startedAt = Math.max(started + offset, record.submittedAt);
  if (ended !== undefined) record.endedAt = Math.max(ended + offset, record.submittedAt);
}

const sentenceOf = (error: unknown): string =>
  error instanceof RefusedError
    ? `${error.message}.`
    : error instanceof Error
      ? error.message
      : String(error);
