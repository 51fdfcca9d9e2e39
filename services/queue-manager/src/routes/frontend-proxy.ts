/**
 * Everything under `/userNNN/` that is not ComfyUI's queue side belongs to the user's frontend:
 * passed on with the URI as the browser wrote it, since `%2F` in a workflow's name must stay one
 * segment. Also here: the personal link, and the redirect to the trailing slash.
 */
import replyFrom from "@fastify/reply-from";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { errors } from "../errors.ts";
import { sendError } from "../error-handler.ts";
import type { Gateway } from "../gateway.ts";
import { PROXY_BODY_BYTES } from "../limits.ts";
import { userCookie } from "../plugins/authentication.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

export async function frontendProxy(app: FastifyInstance, { environment }: Gateway): Promise<void> {
  await app.register(async (scope) => {
    await scope.register(replyFrom, { maxRetriesOn503: 0, disableRequestLogging: true });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, parsed) => {
      parsed(null, payload);
    });

    const findUser = (request: FastifyRequest) => {
      const { user: id } = request.params as { user: string };
      const user = environment.USERS.find((configured) => configured.id === id);
      if (!user) throw errors.notFound("User");
      return user;
    };

    scope.get("/:user", (request, reply) => {
      const search = request.url.includes("?") ? request.url.slice(request.url.indexOf("?")) : "";
      return reply.redirect(`/${findUser(request).id}/${search}`, 308);
    });

    scope.get("/:user/", async (request, reply) => {
      const user = findUser(request);
      const { token } = request.query as { token?: unknown };
      if (typeof token !== "string") {
        await scope.requireUser(request, reply);
        return pass(request, reply);
      }
      const place = { cookie: userCookie(user.id), path: `/${user.id}/` };
      await scope.signIn(request, reply, { ...place, given: token, expected: user.token });
      reply.headers({ "referrer-policy": "no-referrer", "cache-control": "no-store" });
      return reply.redirect(`/${user.id}/`, 303);
    });

    // Browsers fetch the web manifest without cookies. It is the same file for everybody.
    scope.get("/:user/assets/:manifest(^manifest-[\\w-]+\\.json$)", (request, reply) => {
      request.user = findUser(request);
      return pass(request, reply);
    });

    scope.route({
      method: [...METHODS],
      url: "/:user/*",
      onRequest: scope.requireUser,
      handler: pass,
    });

    function pass(request: FastifyRequest, reply: FastifyReply): FastifyReply {
      if (leavesUser(request.url)) throw errors.badRequest("The path must not contain '..'.");
      if (Number(request.headers["content-length"] ?? 0) > PROXY_BODY_BYTES) {
        throw errors.tooLarge(PROXY_BODY_BYTES);
      }
      return reply.from(`${request.user.frontendUrl}${request.url}`, {
        rewriteRequestHeaders: (_request, { cookie: _cookie, ...headers }) => ({
          ...headers,
          // ComfyUI on loopback refuses scripts whose Origin is not its Host.
          host: request.headers.host ?? "",
          "comfy-user": request.user.id,
          authorization: `Bearer ${environment.FRONTEND_TOKEN}`,
        }),
        rewriteHeaders: ({ "set-cookie": _dropped, ...headers }) => headers,
        onError: (_reply, { error }) => {
          request.log.warn({ user: request.user.id, err: error }, "frontend not reachable");
          sendError(request, reply, errors.frontendUnavailable());
        },
      });
    }
  });
}

/** A URL parser on the way would resolve `..`, plain or encoded, into another user's space. */
function leavesUser(url: string): boolean {
  const [path = ""] = url.split("?");
  return /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?=$|[/\\]|%2f|%5c)/i.test(path);
}
