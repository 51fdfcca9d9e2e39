/** An image of a Docker daemon as one gzipped archive. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { VisibleError } from "../visible-error.ts";

/** Layers are programs and weights: a higher level takes three times as long for a few percent. */
const LEVEL = 1;

export interface Archive {
  /** sha256 of its bytes. */
  readonly sum: string;
  readonly bytes: number;
}

export interface ArchiveOptions {
  /** The daemon, as docker's `-H` takes it. Default: the user's own. */
  readonly docker: string | undefined;
  readonly signal: AbortSignal;
  /** Told how many bytes have been written so far. */
  readonly onBytes?: (bytes: number) => void;
}

/** @throws VisibleError with docker's own words when there is no such image */
export async function archiveImage(
  image: string,
  file: string,
  { docker, signal, onBytes }: ArchiveOptions,
): Promise<Archive> {
  const host = docker === undefined ? [] : ["-H", docker];
  const child = spawn("docker", [...host, "save", image], {
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = once(child, "close") as Promise<[number | null]>;
  const hash = createHash("sha256");
  let bytes = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes?.(bytes);
      done(null, chunk);
    },
  });
  const written = pipeline(
    child.stdout,
    createGzip({ level: LEVEL }),
    measured,
    createWriteStream(file, { mode: 0o600 }),
    { signal },
  );
  // Both are awaited whatever becomes of either.
  const [end, write] = await Promise.allSettled([ended, written]);
  signal.throwIfAborted();
  if (end.status === "rejected") throw noDocker(end.reason);
  if (end.value[0] !== 0) {
    throw new VisibleError(
      `Docker could not save ${image}: ${said.trim() || "it said nothing"}. docker image ls shows the images that there are.`,
    );
  }
  if (write.status === "rejected") throw unwritable(file, write.reason);
  return { sum: hash.digest("hex"), bytes };
}

function noDocker(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return error;
  return new VisibleError("docker is not on this machine: install it where the images were built.");
}

function unwritable(file: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOSPC") return error;
  return new VisibleError(`There is no room for ${file}: an archive needs up to its image's size.`);
}
