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
import { z } from "zod";

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

/** A file of the job's user, as ComfyUI names it. */
export interface InputName {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

/** What an input holds. */
export interface InputContent {
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

const inputHeadersSchema = z.object({
  "x-content-sha256": z.string().regex(/^[0-9a-f]{64}$/),
  "content-length": z.coerce.number().int().nonnegative(),
});

const refusalSchema = z.object({ error: z.object({ type: z.string() }) });

/** Uploads that broke off of which is remembered that they did. */
const MAX_BROKEN_OFF = 1000;

export class QueueManagerClient {
  readonly #baseUrl: string;
  readonly #token: string;
  readonly #agent: Agent;
  /** Uploads of which the queue manager may have a part, oldest first. */
  readonly #brokenOff = new Set<string>();

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
   * same answer; after a try that broke off, only what is missing is sent.
   * Throws QueueManagerUnavailableError, AttemptRefusedError, OutputRefusedError.
   */
  async putOutput(holder: Holder, file: OutputFile, bytes: StoredBytes): Promise<OutputFile> {
    const upload = `${holder.job} ${bytes.sha256}`;
    const again = this.#brokenOff.delete(upload);
    try {
      const offset = again ? await this.#uploadOffset(holder, file, bytes) : 0;
      return await this.#upload(holder, file, bytes, offset);
    } catch (error) {
      if (error instanceof QueueManagerUnavailableError) this.#remember(upload);
      throw error;
    }
  }

  /**
   * Fetches a file of the job's user into `path`, checks it against its sha256 and tells what it is.
   * Throws QueueManagerUnavailableError, AttemptRefusedError, InputMissingError.
   */
  async getInput(holder: Holder, file: InputName, path: string): Promise<InputContent> {
    const answer = await this.#input("GET", holder, file);
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
    const sha256 = hash.digest("hex");
    if (sha256 !== answer.headers["x-content-sha256"]) {
      throw new QueueManagerUnavailableError(
        "An input arrived with other bytes than its sha256 says.",
      );
    }
    return { size, sha256 };
  }

  /** What a file of the job's user holds at the moment. Throws as getInput does. */
  async inputContent(holder: Holder, file: InputName): Promise<InputContent> {
    const answer = await this.#input("HEAD", holder, file);
    await answer.body.dump();
    const headers = inputHeadersSchema.safeParse(answer.headers);
    if (!headers.success) {
      throw new QueueManagerUnavailableError("The queue manager answered in an unknown form.");
    }
    return { size: headers.data["content-length"], sha256: headers.data["x-content-sha256"] };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #remember(upload: string): void {
    this.#brokenOff.add(upload);
    const [oldest] = this.#brokenOff;
    if (this.#brokenOff.size > MAX_BROKEN_OFF && oldest) this.#brokenOff.delete(oldest);
  }

  /** Bytes of the file that the queue manager has; its size when nothing is left to send. */
  async #uploadOffset(holder: Holder, file: OutputFile, bytes: StoredBytes): Promise<number> {
    const answer = await this.#send("HEAD", this.#url(holder, "outputs", { ...file }), {
      headers: { "x-content-sha256": bytes.sha256, "x-content-size": String(bytes.size) },
    });
    await answer.body.dump();
    if (answer.statusCode === 409) throw heldByAnother(file.filename);
    // Other refusals come again with the file itself, with their words.
    if (answer.statusCode >= 400 && answer.statusCode !== 423 && answer.statusCode < 500) return 0;
    const offset = Number(answer.headers["upload-offset"]);
    if (answer.statusCode !== 200 || !Number.isInteger(offset)) {
      throw unavailable("HEAD outputs", answer.statusCode);
    }
    return offset >= 0 && offset <= bytes.size ? offset : 0;
  }

  async #upload(
    holder: Holder,
    file: OutputFile,
    bytes: StoredBytes,
    offset: number,
  ): Promise<OutputFile> {
    const left = bytes.size - offset;
    const part = left === 0 ? "*" : `${offset}-${bytes.size - 1}`;
    const answer = await this.#send("PUT", this.#url(holder, "outputs", { ...file }), {
      headers: {
        "content-length": String(left),
        "x-content-sha256": bytes.sha256,
        ...(offset > 0 && { "content-range": `bytes ${part}/${bytes.size}` }),
      },
      ...(left > 0 && { body: createReadStream(bytes.path, { start: offset }) }),
    });
    const text = await answer.body.text().catch((error: unknown) => {
      throw new QueueManagerUnavailableError("The answer to PUT outputs broke off.", {
        cause: error,
      });
    });
    if (answer.statusCode === 201) {
      const stored = outputFileSchema.safeParse(parseJson(text));
      if (stored.success) return stored.data;
      throw new QueueManagerUnavailableError("The queue manager answered in an unknown form.");
    }
    const what = `${file.filename} (${bytes.size} bytes)`;
    const refusal = refusalSchema.safeParse(parseJson(text)).data?.error.type;
    if (answer.statusCode === 409 && refusal !== "wrong_offset") throw heldByAnother(what);
    if (answer.statusCode === 413) {
      throw new OutputRefusedError(
        `${what} is larger than this workshop stores. Make a smaller or shorter output.`,
      );
    }
    const brokenOff = refusal === "upload_broken_off";
    if ((answer.statusCode === 400 && !brokenOff) || answer.statusCode === 404) {
      throw new OutputRefusedError(`${what} could not be stored: its name was refused.`);
    }
    throw unavailable("PUT outputs", answer.statusCode);
  }

  /** An answer with status 200. */
  async #input(
    method: "GET" | "HEAD",
    holder: Holder,
    file: InputName,
  ): Promise<Dispatcher.ResponseData> {
    const answer = await this.#send(method, this.#url(holder, "inputs", { ...file }), {});
    if (answer.statusCode === 200) return answer;
    await answer.body.dump();
    if (answer.statusCode === 404) throw new InputMissingError(file.filename);
    if (answer.statusCode === 409) throw heldByAnother(file.filename);
    throw unavailable(`${method} inputs`, answer.statusCode);
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
    method: "GET" | "HEAD" | "PUT",
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

const heldByAnother = (what: string) =>
  new AttemptRefusedError(`The job of ${what} is held by another attempt.`);

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
