/**
 * Where a prompt is judged: a small one here and now, a large one in a thread, so that nobody else
 * waits for it. Both by the same `prepareSubmission`.
 */
import type { UserId } from "@comfymulti/queue";
import { Tinypool } from "tinypool";
import { GatewayError } from "../errors.ts";
import type { UserFiles } from "../files/user-files.ts";
import { INLINE_PROMPT_BYTES, PROMPT_THREADS } from "../limits.ts";
import type { ObjectInfoCatalogue } from "../object-info/catalogue.ts";
import { uploadedFileExists } from "../object-info/upload-inputs.ts";
import type { LearnedVram } from "./learned-vram.ts";
import { prepareSubmission, type Submission } from "./prepare-submission.ts";
import type { Refusal, Task } from "./thread.ts";

/** A prompt of the largest size fits, even ten million empty objects; beyond this a thread ends. */
const THREAD_MEMORY_MB = 1536;

export class Submissions {
  readonly #catalogue: ObjectInfoCatalogue;
  readonly #files: UserFiles;
  readonly #learnedVram: LearnedVram;
  readonly #migrate: boolean;
  /** Started at once: the first large prompt would pay for it, and whoever asks meanwhile. */
  readonly #threads = new Tinypool({
    filename: new URL("./thread.ts", import.meta.url).href,
    minThreads: PROMPT_THREADS,
    maxThreads: PROMPT_THREADS,
    resourceLimits: { maxOldGenerationSizeMb: THREAD_MEMORY_MB },
  });

  /** @param migrate whether graphs that the workers refuse are healed where they can be */
  constructor(
    catalogue: ObjectInfoCatalogue,
    files: UserFiles,
    learnedVram: LearnedVram,
    migrate: boolean,
  ) {
    this.#learnedVram = learnedVram;
    this.#migrate = migrate;
    this.#catalogue = catalogue;
    this.#files = files;
  }

  /**
   * Judges a body, and says how much GPU memory it needs by what earlier jobs like it took. The
   * body's memory is given away. Throws GatewayError for what is wrong with it, and 503 before the
   * first worker.
   */
  async prepare(user: UserId, body: Buffer): Promise<Submission> {
    const submission = await this.#judge(user, body);
    const { models, vramMiB } = submission.job;
    const needed = await this.#learnedVram.needed(models ?? [], vramMiB);
    return { ...submission, job: { ...submission.job, vramMiB: needed } };
  }

  async close(): Promise<void> {
    await this.#threads.destroy();
  }

  async #judge(user: UserId, body: Buffer): Promise<Submission> {
    const { objectInfo, version, text } = await this.#catalogue.current();
    if (body.byteLength <= INLINE_PROMPT_BYTES) {
      return prepareSubmission(body, objectInfo, {
        inputFileExists: (name) => uploadedFileExists(name, this.#files, user),
        migrate: this.#migrate,
      });
    }
    const bytes = ownMemory(body);
    const { dataDirectory } = this.#files;
    const migrate = this.#migrate;
    const task: Task = { bytes, user, dataDirectory, migrate, objectInfo: { version, text } };
    const answer = (await this.#threads.run(task, { transferList: [bytes.buffer] })) as
      Submission | Refusal;
    if (!("refused" in answer)) return answer;
    throw new GatewayError(answer.status, answer.type, answer.message, answer.options);
  }
}

/** The bytes in an ArrayBuffer of their own, so that moving it takes nothing else along. */
const ownMemory = (body: Buffer): Uint8Array<ArrayBuffer> =>
  body.buffer instanceof ArrayBuffer && body.buffer.byteLength === body.byteLength
    ? new Uint8Array(body.buffer)
    : Uint8Array.from(body);
