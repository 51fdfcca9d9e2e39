/** The gateway of a stack, as the host asks it: everything by the admin's token. */
import ky, { HTTPError, NetworkError, TimeoutError, type KyInstance } from "ky";
import { Readable } from "node:stream";
import { z } from "zod";
import { VisibleError } from "../visible-error.ts";

const TIMEOUT_MS = 30_000;
/** The API's own largest page. */
const PAGE = 1000;

const queueSchema = z.object({
  closed: z.boolean(),
  jobs: z.object({ pending: z.number(), running: z.number() }),
});
const jobsSchema = z.object({
  jobs: z.array(z.object({ id: z.string(), user: z.string(), state: z.string() })),
});
export type UnendedJob = z.infer<typeof jobsSchema>["jobs"][number];

const outputsSchema = z.object({
  files: z.array(
    z.object({
      subfolder: z.string(),
      filename: z.string(),
      bytes: z.number(),
      modified: z.number(),
    }),
  ),
});
/** As a full ComfyUI answers, too, whose times are in another unit. */
const userdataSchema = z.array(
  z.object({ path: z.string(), size: z.number(), modified: z.number() }),
);

/** The gateway did not answer, or not as a gateway does. */
export class GatewayError extends VisibleError {
  constructor(origin: string, cause: unknown) {
    super(`The app server at ${origin} does not answer (${reasonOf(cause)}).`, { cause });
    this.name = "GatewayError";
  }
}

export class Gateway {
  readonly origin: string;
  readonly #http: KyInstance;

  /** @param admin `platform.admin` of the stack's output */
  constructor(admin: { readonly url: string; readonly token: string }, signal: AbortSignal) {
    this.origin = new URL(admin.url).origin;
    this.#http = ky.create({
      prefix: this.origin,
      headers: { authorization: `Bearer ${admin.token}` },
      timeout: TIMEOUT_MS,
      // The token must not be carried elsewhere.
      redirect: "error",
      signal,
      retry: { limit: 4, methods: ["get", "put", "post"], retryOnTimeout: true },
    });
  }

  announce(text: string): Promise<void> {
    return this.#asked(async () => {
      await this.#http.put("api/v1/announcement", { json: { text } });
    });
  }

  closeIntake(): Promise<void> {
    return this.#asked(async () => {
      await this.#http.post("api/v1/queue/close");
    });
  }

  /** Whether intake is closed for good; the host can open it again on the admin page. */
  async isClosed(): Promise<boolean> {
    return (await this.#json("api/v1/queue", queueSchema)).closed;
  }

  /** Jobs that wait or run. */
  async unended(): Promise<{ readonly pending: number; readonly running: number }> {
    return (await this.#json("api/v1/queue", queueSchema)).jobs;
  }

  /** The first thousand of each state: a queue never holds more that wait than its depth. */
  async unendedJobs(): Promise<UnendedJob[]> {
    const pages = ["running", "pending"].map((state) =>
      this.#json("api/v1/jobs", jobsSchema, { state, limit: String(PAGE) }),
    );
    return (await Promise.all(pages)).flatMap(({ jobs }) => jobs);
  }

  /** Cancels everything that waits or runs. */
  cancelJobs(): Promise<void> {
    return this.#asked(async () => {
      await this.#http.post("api/v1/jobs/cancel");
    });
  }

  async outputs(user: string) {
    return (await this.#json(`api/v1/users/${segment(user)}/outputs`, outputsSchema)).files;
  }

  /** A participant's saved workflows, by their names below `workflows/`. */
  async workflows(user: string): Promise<z.infer<typeof userdataSchema>> {
    const query = { dir: "workflows", recurse: "true", split: "false", full_info: "true" };
    try {
      return await this.#json(`${segment(user)}/api/userdata`, userdataSchema, query);
    } catch (error) {
      // A participant who never saved one has no such folder.
      if (error instanceof GatewayError && statusOf(error.cause) === 404) return [];
      throw error;
    }
  }

  output(user: string, file: { readonly subfolder: string; readonly filename: string }) {
    return this.#stream(`${segment(user)}/view`, { ...file, type: "output" });
  }

  workflow(user: string, name: string) {
    // The whole name is one segment of the path.
    return this.#stream(`${segment(user)}/api/userdata/${segment(`workflows/${name}`)}`);
  }

  #json<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    searchParams: Readonly<Record<string, string>> = {},
  ): Promise<z.output<Schema>> {
    return this.#asked(async () =>
      schema.parse(await this.#http.get(path, { searchParams: { ...searchParams } }).json()),
    );
  }

  /** The time limit is for the answer's beginning; a video may take longer. */
  #stream(path: string, searchParams: Readonly<Record<string, string>> = {}): Promise<Readable> {
    return this.#asked(async () => {
      const { body } = await this.#http.get(path, { searchParams: { ...searchParams } });
      return body ? Readable.fromWeb(body) : Readable.from([]);
    });
  }

  async #asked<Value>(call: () => Promise<Value>): Promise<Value> {
    try {
      return await call();
    } catch (error) {
      if (
        error instanceof HTTPError ||
        error instanceof NetworkError ||
        error instanceof TimeoutError ||
        error instanceof z.ZodError
      ) {
        throw new GatewayError(this.origin, error);
      }
      throw error;
    }
  }
}

const segment = (text: string): string => encodeURIComponent(text);

const statusOf = (error: unknown): number | undefined =>
  error instanceof HTTPError ? error.response.status : undefined;

function reasonOf(error: unknown): string {
  if (error instanceof HTTPError) return `HTTP ${error.response.status}`;
  if (error instanceof z.ZodError) return "its answer is not that of this project's gateway";
  if (error instanceof TimeoutError) return `nothing within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error as Error;
  return cause instanceof Error ? cause.message : (error as Error).message;
}
