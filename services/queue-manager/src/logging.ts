/** What a request looks like in the log: never a token, wherever it was put. */
import type { FastifyRequest } from "fastify";
import pino from "pino";

/** The URL with the value of every `token` query parameter taken out. */
export const withoutToken = (url: string): string =>
  url.replace(/([?&]token=)[^&#]*/gi, "$1[redacted]");

/**
 * The service's logger: JSON lines. `destination` is stdout unless a test gives another.
 * Only named request fields are logged, so headers and cookies can't slip in.
 */
export function createLogger(level: string, destination?: pino.DestinationStream): pino.Logger {
  const options: pino.LoggerOptions = {
    level,
    base: { service: "queue-manager" },
    serializers: {
      req: (request: FastifyRequest) => ({
        method: request.method,
        url: withoutToken(request.url),
        remoteAddress: request.ip,
      }),
      err: pino.stdSerializers.err,
    },
    redact: ["token", "*.token", "headers.authorization", "headers.cookie"],
  };
  return destination ? pino(options, destination) : pino(options);
}
