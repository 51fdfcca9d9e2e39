/**
 * The provider's endpoint in front of the replicas. It holds a request while a replica starts, checks
 * the key, and passes the replica's answer through. Source: Verda's documentation of the inference
 * data plane (`Authorization: Bearer <inference key>`); what it answers while it starts replicas is
 * not documented, so 429 and every 5xx count as "not yet".
 */
import {
  REMOTE_SIGN_OF_LIFE_MS,
  remoteJobEventSchema,
  replicaFactsSchema,
  type RemoteJob,
  type RemoteJobEvent,
  type ReplicaFacts,
} from "@comfymulti/queue";
import { Agent, request, type Dispatcher } from "undici";
import { boundedLines } from "./bounded-lines.ts";

/** Largest object_info with a great many custom nodes, as JSON in JSON. */
const FACTS_BYTES = 64 * 1024 * 1024;
/** Largest line of an answer: a job's ending with texts that its nodes show. */
const LINE_BYTES = 32 * 1024 * 1024;
/** Characters of a refusal that are told. */
const TOLD_LENGTH = 300;
/** Status for a body that is larger than the endpoint takes. */
export const GRAPH_TOO_LARGE = 413;
/** Signs of life that may be missed in a row. */
const MISSED_SIGNS = 3;

/** No replica takes the call now; worth another try. */
export class NoReplicaError extends Error {
  override readonly name = "NoReplicaError";
}

/** The provider does not know the key, or does not let it in. Nothing helps but another key. */
export class KeyRefusedError extends Error {
  override readonly name = "KeyRefusedError";
}

/** The endpoint or a replica refuses the call as it is; another try would be refused too. */
export class EndpointRefusedError extends Error {
  override readonly name = "EndpointRefusedError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A replica went away, or fell silent, over a job that it had taken. */
export class ReplicaLostError extends Error {
  override readonly name = "ReplicaLostError";
}

export interface EndpointOptions {
  readonly url: string;
  /** Secret. */
  readonly key: string;
  /** How long the provider may hold a call until a replica answers, ms. */
  readonly patienceMs: number;
  /** Silence of a replica after which it counts as gone, ms. Default: three signs of life missed. */
  readonly silenceMs?: number;
}

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #agent: Agent;
  #problem: string | undefined;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#agent = new Agent({
      headersTimeout: options.patienceMs,
      bodyTimeout: options.silenceMs ?? REMOTE_SIGN_OF_LIFE_MS * MISSED_SIGNS,
    });
  }

  /** Why it refused the last call that it decided on; undefined once it has let one through. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** What its replicas are. Throws NoReplicaError, KeyRefusedError, EndpointRefusedError. */
  async facts(signal: AbortSignal): Promise<ReplicaFacts> {
    const answer = await this.#send("GET", "facts", undefined, signal);
    const lines = boundedLines(answer.body, FACTS_BYTES);
    try {
      for await (const line of lines) {
        const facts = replicaFactsSchema.safeParse(parseJson(line));
        if (facts.success) return facts.data;
        break;
      }
    } catch (error) {
      throw new NoReplicaError(`A replica's answer broke off: ${describe(error)}.`);
    }
    throw new EndpointRefusedError(
      200,
      "GET facts was answered in an unknown form: check that ENDPOINT_URL names a deployment of the worker's image, of this version.",
    );
  }

  /**
   * Has a job run. Yields what the replica says, of which the last is its ending; aborting the signal
   * closes the request, on which the replica stops the job. Throws as `facts`, and ReplicaLostError.
   */
  async *run(job: RemoteJob, signal: AbortSignal): AsyncGenerator<RemoteJobEvent> {
    const answer = await this.#send("POST", "jobs", JSON.stringify(job), signal);
    try {
      for await (const line of boundedLines(answer.body, LINE_BYTES)) {
        const event = remoteJobEventSchema.safeParse(parseJson(line));
        if (!event.success) throw new ReplicaLostError("The replica spoke in an unknown form.");
        yield event.data;
        if (event.data.kind !== "started" && event.data.kind !== "running") return;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ReplicaLostError) throw error;
      throw new ReplicaLostError(`The replica went away: ${describe(error)}.`, { cause: error });
    } finally {
      answer.body.destroy();
    }
    throw new ReplicaLostError("The replica went away without a word.");
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #send(
    method: "GET" | "POST",
    path: string,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { url, key } = this.#options;
    let answer;
    try {
      answer = await request(new URL(path, url.endsWith("/") ? url : `${url}/`), {
        method,
        dispatcher: this.#agent,
        signal,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        body: body ?? null,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new NoReplicaError(`The endpoint did not answer: ${describe(error)}.`, {
        cause: error,
      });
    }
    if (answer.statusCode === 200) {
      this.#problem = undefined;
      return answer;
    }
    const told = await firstWords(answer.body);
    const what = `${method} ${path} was answered with status ${answer.statusCode}${told}`;
    if (answer.statusCode === 401 || answer.statusCode === 403) {
      const refusal = new KeyRefusedError(
        "The provider refuses the inference key: set INFERENCE_KEY to one of this account.",
      );
      this.#problem = refusal.message;
      throw refusal;
    }
    if (answer.statusCode === 408 || answer.statusCode === 429 || answer.statusCode >= 500) {
      throw new NoReplicaError(what);
    }
    // 413 speaks of one graph; every other refusal would meet each job.
    if (answer.statusCode !== GRAPH_TOO_LARGE) this.#problem = what;
    throw new EndpointRefusedError(answer.statusCode, what);
  }
}

/** What a refusal says, for the log; it is never needed to go on. */
async function firstWords(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  try {
    for await (const piece of body) return `: ${piece.toString("utf8").slice(0, TOLD_LENGTH)}`;
  } catch {
    // The status says enough.
  } finally {
    body.destroy();
  }
  return "";
}

const describe = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : "failed";

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
