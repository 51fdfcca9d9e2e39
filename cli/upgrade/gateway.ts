/** What an upgrade asks of a stack's gateway: as the host, and as a participant. */
import { workerSchema, jobSchema } from "@comfymulti/queue";
import ky, { HTTPError, type KyInstance } from "ky";
import { z } from "zod";
import type { Platform } from "../../stacks/outputs.ts";

const TIMEOUT_MS = 15_000;
/** The API's own largest page. */
const PAGE = 1000;

const queueSchema = z.object({ jobs: z.object({ pending: z.number(), running: z.number() }) });
const workersSchema = z.object({ workers: z.array(workerSchema) });
const jobsSchema = z.object({ jobs: z.array(jobSchema), total: z.number() });
export type ListedJob = z.infer<typeof jobSchema>;

/** The host's way in, as a stack's output has it. */
export type AdminAccess = Pick<Platform["admin"], "url" | "token">;

export class Gateway {
  readonly #http: KyInstance;

  constructor({ url, token }: AdminAccess, signal: AbortSignal) {
    this.#http = ky.create({
      prefix: new URL("/api/v1/", url).href,
      headers: { authorization: `Bearer ${token}` },
      timeout: TIMEOUT_MS,
      // The token must not be carried elsewhere.
      redirect: "error",
      signal,
      retry: { limit: 3, retryOnTimeout: true },
    });
  }

  async pending(): Promise<number> {
    return queueSchema.parse(await this.#http.get("queue").json()).jobs.pending;
  }

  /** Now by the gateway's clock, to the second; jobs' times are of that machine. ms since the epoch. */
  async now(): Promise<number> {
    const date = (await this.#http.get("queue")).headers.get("date");
    return date === null ? Date.now() : Date.parse(date);
  }

  async workers() {
    return workersSchema.parse(await this.#http.get("workers").json()).workers;
  }

  /** Seconds since each worker's last report, by the gateway's own clock. */
  async silence(): Promise<ReadonlyMap<string, number>> {
    return readSilence(await this.#http.get("metrics").text());
  }

  /** Jobs in these states, newest first, the newest thousand. */
  async jobs(...states: readonly ListedJob["state"][]): Promise<readonly ListedJob[]> {
    const query = new URLSearchParams([
      ["limit", String(PAGE)],
      ...states.map((state) => ["state", state] as [string, string]),
    ]);
    return jobsSchema.parse(await this.#http.get("jobs", { searchParams: query }).json()).jobs;
  }

  /** Undefined when the queue does not know it. */
  async job(id: string): Promise<ListedJob | undefined> {
    try {
      return jobSchema.parse(await this.#http.get(`jobs/${encodeURIComponent(id)}`).json());
    } catch (error) {
      if (error instanceof HTTPError && error.response.status === 404) return undefined;
      throw error;
    }
  }
}

/** `comfymulti_worker_silence_seconds{worker="worker-1"} 0.4` of Prometheus' text format. */
export function readSilence(metrics: string): ReadonlyMap<string, number> {
  const lines = metrics.matchAll(
    /^comfymulti_worker_silence_seconds\{worker="([^"]+)"\} ([\d.eE+-]+)$/gm,
  );
  return new Map([...lines].map(([, worker = "", seconds]) => [worker, Number(seconds)]));
}
