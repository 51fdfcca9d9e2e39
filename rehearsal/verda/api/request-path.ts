/** Where a request goes. */
import type { FastifyRequest } from "fastify";

/** The path without the query. */
export const pathOf = ({ url }: Pick<FastifyRequest, "url">): string => url.split("?")[0] ?? "";

/** The path after `/v1`, without the query. */
export const apiPath = (request: Pick<FastifyRequest, "url">): string =>
  pathOf(request).replace(/^\/v1(?=\/)/, "");
