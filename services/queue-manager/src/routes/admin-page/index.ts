/** `/admin/`: the host's page, made on the server, reloading itself. Cookie by `?token=`. */
import { RedisUnavailableError } from "@comfymulti/queue";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Gateway } from "../../gateway.ts";
import { escapeHtml, page, pageHeaders } from "../../pages.ts";
import { ADMIN_COOKIE } from "../../plugins/authentication.ts";
import { adminActions } from "./actions.ts";
import { overview } from "./overview.ts";

const REFRESH_SECONDS = 5;

const querySchema = z.object({ token: z.string().optional().catch(undefined) });

export function adminPage(app: FastifyInstance, gateway: Gateway): void {
  app.get("/admin", (request, reply) =>
    reply.redirect(`/admin/${request.url.slice("/admin".length)}`, 308),
  );
  app.get("/admin/", async (request, reply) => {
    reply.headers(pageHeaders);
    const { token } = querySchema.parse(request.query);
    if (token !== undefined) {
      const expected = gateway.environment.ADMIN_TOKEN;
      await app.signIn(request, reply, {
        cookie: ADMIN_COOKIE,
        path: "/admin/",
        given: token,
        expected,
      });
      return reply.redirect("/admin/", 303);
    }
    await app.requireAdmin(request, reply);
    return reply.type("text/html; charset=utf-8").send(await overviewPage(gateway));
  });
  void app.register(
    (scope, _options, done) => {
      scope.addHook("onRequest", scope.requireAdmin);
      adminActions(scope, gateway);
      done();
    },
    { prefix: "/admin" },
  );
}

/** Goes on reloading while Redis is away, so that it shows by itself when that is over. */
async function overviewPage(gateway: Gateway): Promise<string> {
  const title = `${gateway.environment.PROJECT_NAME}: queue`;
  const state = await gateway.health.state();
  const body = state.status === "ok" ? await overviewOrOutage(gateway) : outage(state.reason);
  return page(title, `<h1>${escapeHtml(title)}</h1>${body}`, REFRESH_SECONDS);
}

/** Redis may go at the very moment. */
async function overviewOrOutage(gateway: Gateway): Promise<string> {
  try {
    return await overview(gateway);
  } catch (error) {
    if (error instanceof RedisUnavailableError) return outage("Redis is not reachable.");
    throw error;
  }
}

const outage = (reason: string): string =>
  `<p class="bad">${escapeHtml(reason)}</p><p>Nothing that was queued is lost. This page shows the queue again when Redis is back.</p>`;
