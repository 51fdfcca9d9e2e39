/** The Docker daemon of a rehearsal. */
import Docker from "dockerode";
import { z } from "zod";

export class Daemon {
  readonly docker: Docker;
  readonly #socket: string;

  /** @param socket `unix:///path/to/docker.sock`. */
  constructor(socket: string) {
    this.#socket = socket;
    this.docker = new Docker({ socketPath: socket.replace(/^unix:\/\//, "") });
  }

  /**
   * The image of a reference: by name and tag, by digest, or by id. An image that was built here has
   * no digest of a registry; `name@sha256:…` then finds it by its id.
   */
  async findImage(reference: string): Promise<Docker.ImageInspectInfo | undefined> {
    const byName = await orGone(this.docker.getImage(reference).inspect());
    const digest = reference.split("@")[1];
    if (byName !== undefined || digest === undefined) return byName;
    return orGone(this.docker.getImage(digest).inspect());
  }

  /** @throws Error with one sentence when the daemon does not have it: nothing is fetched */
  async image(reference: string): Promise<Docker.ImageInspectInfo> {
    const found = await this.findImage(reference);
    if (found) return found;
    throw new Error(
      `image ${reference} is not on the Docker daemon at ${this.#socket}, and a rehearsal fetches none: build or import it there first`,
    );
  }

  /** @throws Error with one sentence when no container can be given a GPU */
  async requireGpus(): Promise<void> {
    const { Runtimes } = z
      .object({ Runtimes: z.record(z.string(), z.unknown()).default({}) })
      .parse(await this.docker.info());
    if ("nvidia" in Runtimes) return;
    throw new Error(
      `gpus: the Docker daemon at ${this.#socket} has no NVIDIA runtime, so no container gets a GPU`,
    );
  }
}

const failureSchema = z.object({ statusCode: z.number() });

/** Answers that say that there is nothing (more) to do. */
const isStatus = (error: unknown, ...statuses: readonly number[]) =>
  statuses.includes(failureSchema.safeParse(error).data?.statusCode ?? 0);

/** Undefined when what was asked for is not there. */
export async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw inDockersWords(error);
  }
}

/** Whether it was done or had been before: 304 is "is so already". */
export async function orAlready(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!isStatus(error, 304, 404)) throw inDockersWords(error);
  }
}

const wordsSchema = z.object({ json: z.object({ message: z.string() }) });
const unansweredSchema = z.object({ syscall: z.literal("connect"), address: z.string() });

/** The daemon's sentence, without the client's numbers around it. */
export function inDockersWords(error: unknown): Error {
  const words = wordsSchema.safeParse(error).data?.json.message;
  if (words !== undefined) return new Error(words, { cause: error });
  const unanswered = unansweredSchema.safeParse(error).data;
  if (unanswered) {
    return new Error(`no Docker daemon answers at unix://${unanswered.address}`, { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}
