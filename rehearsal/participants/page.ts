/**
 * A participant's open editor page: the requests that the official editor makes when it opens, the
 * lists that it fetches anew after every `status`, and what its WebSocket tells of the jobs.
 */
import { z } from "zod";
import { historySchema, queueSchema } from "./answers.ts";
import { LiveLine, type LiveMessage } from "./live-line.ts";
import type { JobRecord } from "./report.ts";
import { Session, type SessionOptions } from "./session.ts";

/** What the editor of 1.37.11 asks for as it opens, as far as the queue's side answers it. */
const OPENING = ["api/system_stats", "api/users", "api/settings", "api/object_info"];
const HISTORY = "api/history?max_items=64";

const promptIdSchema = z.object({ prompt_id: z.string() });
const noNodeSchema = z.object({ node: z.null() });

/** How a job of this page goes on. */
interface Watched {
  readonly record: JobRecord;
  readonly started: PromiseWithResolvers<void>;
  readonly ended: PromiseWithResolvers<void>;
}

export interface PageOptions extends SessionOptions {
  /** A job that the page was shown. */
  readonly onSeen: (promptId: string) => void;
  readonly onReconnect: () => void;
  /** The lists could not be fetched or read. */
  readonly onFault: (error: unknown) => void;
}

export class Page {
  readonly session: Session;
  readonly #options: PageOptions;
  readonly #watched = new Map<string, Watched>();
  /** The job that runs, to which previews belong. */
  #running: Watched | undefined;
  #line: LiveLine | undefined;
  #refreshing = false;
  #refreshAgain = false;

  private constructor(session: Session, options: PageOptions) {
    this.session = session;
    this.#options = options;
  }

  static async open(options: PageOptions): Promise<Page> {
    const page = new Page(await Session.open(options), options);
    await page.#load();
    page.#line = await LiveLine.open({
      session: page.session,
      signal: options.signal,
      onMessage: (message) => page.#take(message),
      onFrame: () => {
        if (page.#running) page.#running.record.told.previews++;
      },
      onReconnect: options.onReconnect,
    });
    return page;
  }

  /** By which the server knows this page. */
  get clientId(): string {
    return this.#line?.clientId ?? "";
  }

  /** As the browser's reload: the connection goes, everything is fetched anew. */
  async reload(): Promise<void> {
    this.#line?.close();
    await this.session.bytes("");
    await this.#load();
    await this.#line?.reload();
    this.#refresh();
  }

  close(): void {
    this.#line?.close();
  }

  /** Begins to listen for what becomes of a job. */
  watch(record: JobRecord): { readonly started: Promise<void>; readonly ended: Promise<void> } {
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.#watched.set(record.promptId, { record, started, ended });
    return { started: started.promise, ended: ended.promise };
  }

  forget({ promptId }: JobRecord): void {
    this.#watched.delete(promptId);
  }

  async #load(): Promise<void> {
    for (const route of OPENING) await this.session.visit(route);
  }

  #take({ type, data }: LiveMessage): void {
    if (type === "status") this.#refresh();
    const about = promptIdSchema.safeParse(data);
    if (!about.success) return;
    const { prompt_id: promptId } = about.data;
    this.#options.onSeen(promptId);
    const job = this.#watched.get(promptId);
    if (!job) return;
    if (type === "execution_start") {
      job.record.told.starts++;
      this.#running = job;
      job.started.resolve();
    }
    // The history is sure to have the job only from here on.
    if (type === "executing" && noNodeSchema.safeParse(data).success) {
      job.record.told.ends++;
      job.record.toldAt ??= Date.now();
      if (this.#running === job) this.#running = undefined;
      job.ended.resolve();
    }
  }

  /** Fetches the lists, once more afterwards when they were asked for meanwhile. */
  #refresh(): void {
    this.#refreshAgain = true;
    if (this.#refreshing) return;
    this.#refreshing = true;
    void this.#fetchLists()
      .catch((error: unknown) => {
        if (!this.#options.signal.aborted) this.#options.onFault(error);
      })
      .finally(() => (this.#refreshing = false));
  }

  async #fetchLists(): Promise<void> {
    while (this.#refreshAgain) {
      this.#refreshAgain = false;
      const queue = await this.session.json("api/queue", queueSchema);
      const history = Object.keys(await this.session.json(HISTORY, historySchema));
      for (const [, promptId] of [...queue.queue_running, ...queue.queue_pending]) {
        this.#options.onSeen(promptId);
      }
      for (const promptId of history) {
        this.#options.onSeen(promptId);
        this.#watched.get(promptId)?.ended.resolve();
      }
    }
  }
}
