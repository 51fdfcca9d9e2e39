/**
 * Carries an object's bytes into a file, by curl: bytes that pass through JavaScript took three times
 * as long, and a model is many gigabytes.
 */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { ModelsError } from "./models-error.ts";

const CONNECT_TIMEOUT_SECONDS = 15;
/** Silence after which a connection counts as dead. */
const IDLE_TIMEOUT_SECONDS = 60;

/** Exit codes of `man curl`. */
const curlExit = { httpError: 22, writeError: 23, rangeError: 33 } as const;

export interface Transfer {
  /** Holds its own credentials: a secret. */
  readonly url: string;
  /** The version wanted; with another one the server answers 412. */
  readonly etag: string;
  /** First byte wanted. */
  readonly offset: number;
  /** Opened to append. */
  readonly file: FileHandle;
  readonly signal: AbortSignal;
}

/** The server's answer was no. `$metadata` as the AWS SDK's own errors have it. */
export class TransferRefusedError extends Error {
  readonly $metadata: { readonly httpStatusCode: number };

  constructor(status: number) {
    super(`the bucket answered ${status}`);
    this.name = "TransferRefusedError";
    this.$metadata = { httpStatusCode: status };
  }
}

/** The file takes no more bytes. */
export class UnwritableError extends Error {
  override name = "UnwritableError";
}

/**
 * One try.
 *
 * @throws TransferRefusedError, UnwritableError; ModelsError when another try is no use; Error when it
 *   broke off
 */
export async function transfer({ url, etag, offset, file, signal }: Transfer): Promise<void> {
  // Ends with this process, also when that is killed: nobody else may append to the file then.
  const curl = spawn("setpriv", ["--pdeathsig", "KILL", "curl", "-q", "--config", "-"], {
    stdio: ["pipe", file.fd, "pipe"],
  }) as ChildProcessByStdio<Writable, null, Readable>;
  let said = "";
  curl.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  // Gone before it has read its settings: its exit code tells why.
  curl.stdin.on("error", () => {});
  // By standard input: a command line can be read by others.
  curl.stdin.end(settingsOf(url, etag, offset));
  const stop = () => curl.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  try {
    // Not before it is gone: it must not append to what somebody else goes on with.
    const [code] = (await once(curl, "close")) as [number | null];
    signal.throwIfAborted();
    judge(code, said);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new ModelsError("setpriv and curl are needed: install util-linux and curl.");
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** @param said what curl wrote on standard error: its fault, and the server's status */
function judge(code: number | null, said: string): void {
  if (code === 0) return;
  const [, fault] = /^curl: \(\d+\) (.*)$/m.exec(said) ?? [];
  const [, status] = /^HTTP (\d+)$/m.exec(said) ?? [];
  if (code === curlExit.httpError) throw new TransferRefusedError(Number(status));
  if (code === curlExit.writeError) throw new UnwritableError(fault ?? "is the disk full?");
  if (code === curlExit.rangeError) {
    throw new ModelsError("The bucket's server ignores Range: nothing can be resumed.");
  }
  throw new Error(fault ?? `curl ended with ${code ?? "a signal"}`);
}

/** https://curl.se/docs/manpage.html#-K */
function settingsOf(url: string, etag: string, offset: number): string {
  return [
    `url = ${quoted(url)}`,
    `header = ${quoted(`If-Match: ${etag}`)}`,
    ...(offset > 0 ? [`continue-at = ${offset}`] : []),
    ...["fail", "silent", "show-error", "http1.1", "no-buffer", 'noproxy = "*"'],
    `connect-timeout = ${CONNECT_TIMEOUT_SECONDS}`,
    // Less than one byte a second for so long.
    "speed-limit = 1",
    `speed-time = ${IDLE_TIMEOUT_SECONDS}`,
    'write-out = "%{stderr}HTTP %{http_code}\\n"',
    "",
  ].join("\n");
}

const quoted = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
