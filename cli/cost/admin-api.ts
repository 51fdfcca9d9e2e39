/** What the cost and the doctor ask of a stack's queue manager, by the admin's token. */
import ky, { HTTPError, type KyInstance } from "ky";
import { z } from "zod";

const TIMEOUT_MS = 15_000;
/** The API's own largest page. */
const PAGE = 1000;
/** Pages that are read of the jobs: more are not kept of a workshop. */
const MOST_PAGES = 100;

const jobsSchema = z.object({
  jobs: z.array(
    z.object({
      user: z.string(),
      startedAt: z.number().optional(),
      endedAt: z.number().optional(),
    }),
  ),
  total: z.number(),
});
const workersSchema = z.object({
  workers: z.array(z.object({ name: z.string(), status: z.string(), comfyuiVersion: z.string() })),
});
const queueSchema = z.object({
  paused: z.boolean(),
  closed: z.boolean().default(false),
  jobs: z.object({ pending: z.number(), running: z.number() }),
  limits: z.object({ maxQueueDepth: z.number() }),
});
export type QueueNow = z.output<typeof queueSchema>;

export class AdminApi {
  readonly #http: KyInstance;

  /** @param admin `platform.admin` of the stack's output. */
  constructor({ url, token }: { readonly url: string; readonly token: string }) {
    this.#http = ky.create({
      prefix: `${new URL(url).origin}/api/v1`,
      headers: { authorization: `Bearer ${token}` },
      timeout: TIMEOUT_MS,
      // The token must not be carried elsewhere.
      redirect: "error",
      retry: { limit: 2, methods: ["get", "put", "post"] },
    });
  }

  /** All jobs that history keeps. */
  async jobs(): Promise<z.output<typeof jobsSchema>["jobs"]> {
    const all = [];
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const query = { limit: String(PAGE), offset: String(page * PAGE), order: "asc" };
      const { jobs, total } = jobsSchema.parse(
        await this.#http.get("jobs", { searchParams: query }).json(),
      );
      all.push(...jobs);
      if (jobs.length === 0 || all.length >= total) break;
    }
    return all;
  }

  async workers(): Promise<z.output<typeof workersSchema>["workers"]> {
    return workersSchema.parse(await this.#http.get("workers").json()).workers;
  }

  async queue(): Promise<QueueNow> {
    return queueSchema.parse(await this.#http.get("queue").json());
  }

  /** Its clock, from an answer's `Date`; undefined when it sends none. */
  async clock(): Promise<Date | undefined> {
    const date = (await this.#http.get("health", { throwHttpErrors: false })).headers.get("date");
    return date === null ? undefined : new Date(date);
  }

  async announce(text: string): Promise<void> {
    await this.#http.put("announcement", { json: { text } });
  }

  /** New jobs are refused with a sentence until somebody resumes the queue. */
  async pause(): Promise<void> {
    await this.#http.post("queue/pause");
  }

  /** @returns false for a worker that has left in the meantime */
  async drain(worker: string): Promise<boolean> {
    try {
      await this.#http.post(`workers/${encodeURIComponent(worker)}/drain`);
      return true;
    } catch (error) {
      if (error instanceof HTTPError && error.response.status === 404) return false;
      throw error;
    }
  }
}
