/**
 * The gateway's own extension of the editor: `/userNNN/comfymulti/announcement.js`, and its place in
 * the list of extensions that the editor loads, behind those of the user's frontend.
 */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { ANNOUNCEMENT_SCRIPT, announcementScript } from "../editor-extension/index.ts";
import { errors } from "../errors.ts";
import type { Route } from "../gateway.ts";

const PATIENCE_MS = 10_000;

const extensionsSchema = z.array(z.string().max(1024)).max(10_000);

export const editorExtensionRoutes: Route = (app, { environment }) => {
  app.get(`/:user${ANNOUNCEMENT_SCRIPT}`, { onRequest: app.requireUser }, (_request, reply) =>
    reply
      .headers({ "x-content-type-options": "nosniff", "cache-control": "no-cache" })
      .type("text/javascript; charset=utf-8")
      .send(announcementScript),
  );

  for (const path of ["/:user/extensions", "/:user/api/extensions"]) {
    app.get(path, { onRequest: app.requireUser }, async (request, reply) => {
      const extensions = await extensionsOf(request).catch((error: unknown) => {
        request.log.warn({ user: request.user.id, err: error }, "no list of extensions");
        throw errors.frontendUnavailable();
      });
      return reply.header("cache-control", "no-store").send([...extensions, ANNOUNCEMENT_SCRIPT]);
    });
  }

  async function extensionsOf({ user, url }: FastifyRequest): Promise<string[]> {
    const response = await fetch(`${user.frontendUrl}${url}`, {
      headers: { "comfy-user": user.id, authorization: `Bearer ${environment.FRONTEND_TOKEN}` },
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!response.ok) throw new Error(`the frontend answers ${response.status}`);
    return extensionsSchema.parse(await response.json());
  }
};
