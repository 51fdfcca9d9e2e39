/** A body read whole, bounded in bytes and in time. */
import type { FastifyRequest } from "fastify";
import { errors } from "./errors.ts";

export interface BodyBounds {
  readonly limitBytes: number;
  /** From now to the last byte. */
  readonly limitMs: number;
  /** Told the announced length first, then what came so far; what it throws ends the reading. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Reads a request's body. Throws 413 as early as the announced length tells, else at the limit, and
 * 408 when it is not here in time. A refused rest is discarded; the connection closes after the answer.
 */
export function readBody(request: FastifyRequest, bounds: BodyBounds): Promise<Buffer> {
  const { limitBytes, limitMs, onBytes } = bounds;
  const source = request.raw;
  const announced = Number(request.headers["content-length"] ?? 0);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const late = setTimeout(() => fail(errors.tooSlow(limitMs)), limitMs);

    function check(bytes: number): boolean {
      try {
        if (bytes > limitBytes) throw errors.tooLarge(limitBytes);
        onBytes?.(bytes);
        return true;
      } catch (error) {
        fail(error as Error);
        return false;
      }
    }
    function take(chunk: Buffer): void {
      length += chunk.length;
      if (!check(length)) return;
      chunks.push(chunk);
      // One piece a turn of the event loop: a hundred large bodies at once hold nobody up.
      source.pause();
      setImmediate(() => source.resume());
    }
    function end(): void {
      stop();
      resolve(Buffer.concat(chunks, length));
    }
    function fail(error: Error): void {
      stop();
      source.resume();
      reject(error);
    }
    function gone(): void {
      fail(errors.badRequest("The connection closed before the body was complete."));
    }
    function stop(): void {
      clearTimeout(late);
      source.off("data", take).off("end", end).off("error", gone).off("close", gone);
    }

    if (source.destroyed) {
      gone();
      return;
    }
    if (!check(announced)) return;
    source.on("data", take).once("end", end).once("error", gone).once("close", gone);
  });
}
