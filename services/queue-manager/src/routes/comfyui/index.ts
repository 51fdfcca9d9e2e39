/**
 * ComfyUI's own HTTP and WebSocket dialect, one user at a time: `/userNNN/…` and, for most routes,
 * `/userNNN/api/…` with the same handlers. Everything here acts for `request.user` alone.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseJson } from "../../comfyui/parse-json.ts";
import type { Gateway, Route } from "../../gateway.ts";
import { JSON_BODY_BYTES } from "../../limits.ts";
import { readBody } from "../../read-body.ts";
import { assetsRoutes } from "./assets.ts";
import { featuresRoute } from "./features.ts";
import { freeRoute } from "./free.ts";
import { historyRoutes } from "./history.ts";
import { internalRoutes } from "./internal.ts";
import { interruptRoute } from "./interrupt.ts";
import { jobsRoutes } from "./jobs.ts";
import { modelsRoutes } from "./models.ts";
import { objectInfoRoutes } from "./object-info.ts";
import { promptRoutes } from "./prompt.ts";
import { queueRoutes } from "./queue.ts";
import { systemStatsRoute } from "./system-stats.ts";
import { uploadRoutes } from "./upload.ts";
import { viewRoute } from "./view.ts";
import { viewMetadataRoute } from "./view-metadata.ts";
import { webSocketRoute } from "./websocket.ts";

/** Under `/userNNN/` and `/userNNN/api/`. */
const sharedRoutes: readonly Route[] = [
  featuresRoute,
  freeRoute,
  historyRoutes,
  interruptRoute,
  modelsRoutes,
  objectInfoRoutes,
  promptRoutes,
  queueRoutes,
  systemStatsRoute,
  uploadRoutes,
  viewRoute,
  viewMetadataRoute,
  webSocketRoute,
];

export async function comfyuiRoutes(app: FastifyInstance, gateway: Gateway): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook("onRequest", scope.requireUser);
    // Python's urllib posts JSON as a form, so the content type says nothing here.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", async (request: FastifyRequest) => {
      const bounds = { limitBytes: JSON_BODY_BYTES, limitMs: gateway.patience.bodyMs };
      return parseJson((await readBody(request, bounds)).toString("utf8"));
    });
    await scope.register(
      (plain, _options, done) => {
        for (const route of [...sharedRoutes, internalRoutes]) route(plain, gateway);
        done();
      },
      { prefix: "/:user" },
    );
    await scope.register(
      (api, _options, done) => {
        for (const route of [...sharedRoutes, assetsRoutes, jobsRoutes]) route(api, gateway);
        done();
      },
      { prefix: "/:user/api" },
    );
  });
}
