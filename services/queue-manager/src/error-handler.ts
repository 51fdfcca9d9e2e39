/** Turns whatever was thrown into one answer. Nothing of a fault of ours reaches the participant. */
import {
  JobIdTakenError,
  JobNotFoundError,
  LeaseLostError,
  QueueClosedError,
  QueueFullError,
  QueuePausedError,
  RedisUnavailableError,
  WrongPolicyError,
  WrongStateError,
} from "@comfymulti/queue";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { errors, GatewayError } from "./errors.ts";
import { errorPage } from "./pages.ts";

/** Installs the one error handler and the one 404 answer. */
export function installErrorHandling(app: FastifyInstance): void {
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const known = toGatewayError(error, request.routeOptions.bodyLimit);
    if (known.status === 500) request.log.error({ err: error }, "request failed");
    else request.log.debug({ type: known.type, status: known.status }, "request refused");
    return sendError(request, reply, known);
  });
  app.setNotFoundHandler((request, reply) => sendError(request, reply, errors.notFound("Page")));
}

/** Answers with a short page where a person looks at it, else with ComfyUI's error form. */
export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: GatewayError,
): FastifyReply {
  reply.code(error.status).headers(error.options.headers ?? {});
  return isNavigation(request)
    ? reply.type("text/html; charset=utf-8").headers(errorPage.headers).send(errorPage.html(error))
    : reply.type("application/json; charset=utf-8").send(JSON.stringify(error.body));
}

/** True when a browser shows the answer as a page. */
export const isNavigation = (request: FastifyRequest): boolean =>
  request.method === "GET" && (request.headers.accept ?? "").includes("text/html");

function toGatewayError(error: FastifyError, bodyLimit: number): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof RedisUnavailableError) return errors.queueUnavailable();
  if (error instanceof QueueFullError) return errors.queueFull(error);
  if (error instanceof JobIdTakenError) return errors.promptIdTaken();
  if (error instanceof QueuePausedError) return errors.queuePaused();
  if (error instanceof QueueClosedError) return errors.queueClosed(error.announcement);
  if (error instanceof JobNotFoundError) return errors.notFound("Job");
  if (error instanceof WrongStateError) return errors.wrongState(error.message);
  if (error instanceof WrongPolicyError) return errors.wrongPolicy(error.message);
  if (error instanceof LeaseLostError) return errors.leaseLost();
  if (hasZodFastifySchemaValidationErrors(error)) return errors.badRequest(error.message);
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
    case "FST_REQ_FILE_TOO_LARGE":
      return errors.tooLarge(bodyLimit);
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
    case "FST_INVALID_MULTIPART_CONTENT_TYPE":
      return errors.unsupportedMediaType();
    default:
      // Fastify's own refusals of malformed requests; their messages name the fault.
      return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
        ? new GatewayError(error.statusCode, "invalid_request", "The request is not valid", {
            details: error.message,
          })
        : errors.internal();
  }
}
