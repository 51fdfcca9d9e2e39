/** The worker's two routes at the queue manager: fetch an input of the job, store an output of it. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { outputFileSchema } from "@comfymulti/queue";
import type { Holder, OutputFile } from "@comfymulti/queue";
import { Agent, request } from "undici";
import type { Dispatcher } from "undici";

/** Largest input that is fetched: ComfyUI's own limit for an upload is 100 MiB, masks and videos may be set higher. */
const MAX_INPUT_BYTES = 2 * 1024 ** 3;

/** It did not answer, or not now: worth another try. */
export class QueueManagerUnavailableError extends Error {
  override readonly name = "QueueManagerUnavailableError";
}

/** The queue manager says that another attempt holds the job. */
export class AttemptRefusedError extends Error {
  override readonly name = "AttemptRefusedError";
}

/** The queue manager will never take this file. The message is for the participant. */
export class OutputRefusedError extends Error {
  override readonly name = "OutputRefusedError";
}

/** The participant has no such input file. */
export class InputMissingError extends Error {
  override readonly name = "InputMissingError";
}

export interface StoredBytes {
  readonly path: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export class QueueManagerClient {
  readonly #baseUrl: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(baseUrl: string, token: string, timeoutMs: number) {
    this.#baseUrl = baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`;
    this.#token = token;
    this.#agent = new Agent({
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  /**
   * Stores a file in the user's own space and returns its name there. The same file again gives the
   * same answer. Throws QueueManagerUnavailableError, AttemptRefusedError, OutputRefusedError.
   */
  async putOutput(holder: Holder, file: OutputFile, bytes: StoredBytes): Promise<OutputFile> {
    const answer = await this.#send("PUT", this.#url(holder, "outputs", { ...file }), {
      headers: { "content-length": String(bytes.size), "x-content-sha256": bytes.sha256 },
      body: createReadStream(bytes.path),
    });
    const text = await answer.body.text();
    if (answer.statusCode === 201) {
      const stored = outputFileSchema.safeParse(parseJson(text));
      if (stored.success) return stored.data;
      throw new QueueManagerUnavailableError("The queue manager answered in an unknown form.");
    }
    const what = `${file.filename} (${bytes.size} bytes)`;
    if (answer.statusCode === 409) {
      throw new AttemptRefusedError(`The job of ${what} is held by another attempt.`);
    }
    if (answer.statusCode === 413) {
      throw new OutputRefusedError(
        `${what} is larger than this workshop stores. Make a smaller or shorter output.`,
      );
    }
    if (answer.statusCode === 400 || answer.statusCode === 404) {
      throw new OutputRefusedError(`${what} could not be stored: its name was refused.`);
    }
    throw unavailable("PUT outputs", answer.statusCode);
  }

  /**
   * Fetches a file of the job's user into `path` and checks it against its sha256.
   * Throws QueueManagerUnavailableError, AttemptRefusedError, InputMissingError.
   */
  async getInput(
    holder: Holder,
    file: { readonly filename: string; readonly subfolder: string; readonly type: string },
    path: string,
  ): Promise<void> {
    const answer = await this.#send("GET", this.#url(holder, "inputs", { ...file }), {});
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      if (answer.statusCode === 404) throw new InputMissingError(file.filename);
      if (answer.statusCode === 409) {
        throw new AttemptRefusedError("The job is held by another attempt.");
      }
      throw unavailable("GET inputs", answer.statusCode);
    }
    const hash = createHash("sha256");
    let size = 0;
    const check = new Transform({
      transform(piece: Buffer, _encoding, done) {
        size += piece.length;
        hash.update(piece);
        done(size > MAX_INPUT_BYTES ? new Error("the input is too large") : null, piece);
      },
    });
    try {
      await pipeline(answer.body, check, createWriteStream(path));
    } catch (error) {
      throw new QueueManagerUnavailableError(
        `An input broke off: ${error instanceof Error ? error.message : "failed"}.`,
        { cause: error },
      );
    }
    if (hash.digest("hex") !== answer.headers["x-content-sha256"]) {
      throw new QueueManagerUnavailableError(
        "An input arrived with other bytes than its sha256 says.",
      );
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #url(holder: Holder, kind: "inputs" | "outputs", file: Readonly<Record<string, string>>): URL {
    const url = new URL(
      `internal/v1/jobs/${encodeURIComponent(holder.job)}/${kind}`,
      this.#baseUrl,
    );
    url.search = new URLSearchParams({ attempt: String(holder.attempt), ...file }).toString();
    return url;
  }

  async #send(
    method: "GET" | "PUT",
    url: URL,
    options: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Readable;
    },
  ): Promise<Dispatcher.ResponseData> {
    try {
      return await request(url, {
        method,
        dispatcher: this.#agent,
        headers: { ...options.headers, authorization: `Bearer ${this.#token}` },
        body: options.body ?? null,
      });
    } catch (error) {
      throw new QueueManagerUnavailableError(
        `The queue manager did not answer ${method} ${url.pathname}: ${error instanceof Error ? error.message || error.name : "failed"}.`,
        { cause: error },
      );
    }
  }
}

function unavailable(route: string, status: number): QueueManagerUnavailableError {
  const hint = status === 401 || status === 403 ? " Check WORKER_TOKEN." : "";
  return new QueueManagerUnavailableError(
    `The queue manager answered ${route} with status ${status}.${hint}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
