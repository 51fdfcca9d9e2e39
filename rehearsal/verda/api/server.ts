/** The HTTP server: authentication, limits and faults in front of the routes, error bodies behind them. */
import fastify, { type FastifyInstance } from "fastify";
import { catalogueRoutes } from "./catalogue-routes.ts";
import { deploymentRoutes } from "./deployment-routes.ts";
import { faultHooks } from "../faults/fault-hooks.ts";
import { inspectorRoutes } from "../inspector/routes.ts";
import { instanceRoutes } from "./instance-routes.ts";
import { keyRoutes } from "./key-routes.ts";
import { apiPath, pathOf } from "./request-path.ts";
import { RateLimit } from "./rate-limit.ts";
import { scriptRoutes } from "./script-routes.ts";
import { secretRoutes } from "./secret-routes.ts";
import type { Tokens } from "./token.ts";
import { volumeRoutes } from "./volume-routes.ts";
import { invalid, notFound, Refusal } from "../world/refusal.ts";
import type { World } from "../world/world.ts";

const MOST_BODY_BYTES = 8 * 1024 * 1024;

/** They need no token, by the OpenAPI document. */
const OPEN = [
  /^\/v1\/oauth2\/token$/,
  /^\/v1\/(instance|container|volume)-types$/,
  /^\/v1\/long-term\/periods/,
];

/** @param saved called when the state changed, before the answer goes out */
export function createServer(world: World, tokens: Tokens, saved: () => void): FastifyInstance {
  const server = fastify({ bodyLimit: MOST_BODY_BYTES, forceCloseConnections: true });
  parseBodies(server);
  const { rateLimit } = world.settings;
  const limit = rateLimit === false ? undefined : new RateLimit(rateLimit);

  server.addHook("onResponse", (request, reply, done) => {
    if (request.url.startsWith("/v1/")) {
      const message = `${request.method} ${apiPath(request)} ${reply.statusCode}`;
      world.events.add({ at: new Date(world.clock.now()).toISOString(), kind: "request", message });
    }
    done();
  });
  server.addHook("onSend", (_request, _reply, payload, done) => {
    if (world.takeChanged()) saved();
    done(null, payload);
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const refusal = asRefusal(error);
    if (refusal.status >= 500 && !(error instanceof Refusal)) {
      console.error(`${request.method} ${apiPath(request)} failed:`, error);
    }
    return reply.code(refusal.status).send({ code: refusal.code, message: refusal.message });
  });
  server.setNotFoundHandler((request) => {
    throw notFound(`Cannot ${request.method} ${apiPath(request)}`);
  });

  void server.register(
    (api, _options, done) => {
      faultHooks(api, world);
      api.addHook("onRequest", (request, reply, next) => {
        if (!OPEN.some((path) => path.test(pathOf(request)))) {
          tokens.check(request.headers.authorization);
        }
        const decision = limit?.count(`${request.method} ${request.routeOptions.url ?? ""}`);
        if (decision) reply.headers(decision.headers);
        if (decision?.allowed === false) {
          reply.header("Retry-After", decision.retryAfter);
          throw new Refusal(429, "rate_limit_exceeded", "Rate limit exceeded");
        }
        next();
      });
      api.post("/oauth2/token", ({ body }) => tokens.grant(body));
      catalogueRoutes(api, world);
      instanceRoutes(api, world);
      volumeRoutes(api, world);
      keyRoutes(api, world);
      scriptRoutes(api, world);
      deploymentRoutes(api, world);
      secretRoutes(api, world);
      // Unknown paths need a token too.
      api.setNotFoundHandler((request) => {
        throw notFound(`Cannot ${request.method} ${apiPath(request)}`);
      });
      done();
    },
    { prefix: "/v1" },
  );
  inspectorRoutes(server, world);
  return server;
}

/** JSON, also when a client names it and sends nothing, and forms, which the Go SDK asks for tokens with. */
function parseBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) => {
    if (text === "") return done(null, undefined);
    try {
      done(null, JSON.parse(String(text)));
    } catch {
      done(invalid("The body is no JSON"));
    }
  });
  server.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    (request, text, done) => {
      if (pathOf(request) !== "/v1/oauth2/token") return done(invalid("Send JSON"));
      done(null, Object.fromEntries(new URLSearchParams(String(text))));
    },
  );
}

function asRefusal(error: Error & { statusCode?: number }): Refusal {
  if (error instanceof Refusal) return error;
  const { statusCode = 500 } = error;
  if (statusCode < 500) return new Refusal(statusCode, "invalid_request", error.message);
  return new Refusal(500, "server_error", "Internal server error");
}
