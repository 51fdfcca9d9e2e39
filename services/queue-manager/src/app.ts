/** The service as a Fastify instance: built here, listened to in `main.ts` and in the tests. */
import websocket from "@fastify/websocket";
import type { QueueContract } from "@comfymulti/queue";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import type { Environment } from "./environment.ts";
import { installErrorHandling } from "./error-handler.ts";
import { UserFiles } from "./files/user-files.ts";
import type { Gateway } from "./gateway.ts";
import { JSON_BODY_BYTES, SOCKET_MESSAGE_BYTES } from "./limits.ts";
import { ObjectInfoCatalogue } from "./object-info/catalogue.ts";
import authentication from "./plugins/authentication.ts";
import leaseSweeper from "./plugins/lease-sweeper.ts";
import metrics from "./plugins/metrics.ts";
import { adminRoutes } from "./routes/admin-api/index.ts";
import { adminPage } from "./routes/admin-page/index.ts";
import { comfyuiRoutes } from "./routes/comfyui/index.ts";
import { frontendProxy } from "./routes/frontend-proxy.ts";
import { healthRoute } from "./routes/health.ts";
import { landingRoute } from "./routes/landing.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { workerRoutes } from "./routes/worker-api/index.ts";
import { SocketHub } from "./sockets/socket-hub.ts";

export interface AppOptions {
  readonly environment: Environment;
  /** Connected queue; the caller closes it after the app. */
  readonly queue: QueueContract;
  readonly logger: FastifyBaseLogger;
}

/** Builds the service, ready to listen. */
export async function buildApp({
  environment,
  queue,
  logger,
}: AppOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    bodyLimit: JSON_BODY_BYTES,
    routerOptions: { maxParamLength: 1024 },
    // nginx is on this machine or in the same container network, never further away.
    trustProxy: ["loopback", "linklocal", "uniquelocal"],
    forceCloseConnections: true,
  });
  const files = new UserFiles(environment.DATA_DIRECTORY);
  const gateway: Gateway = {
    environment,
    queue,
    files,
    objectInfo: new ObjectInfoCatalogue(queue, files),
    sockets: new SocketHub(queue, app.log),
  };
  app.addHook("onClose", () => gateway.sockets.close());

  installErrorHandling(app);
  await app.register(websocket, { options: { maxPayload: SOCKET_MESSAGE_BYTES } });
  await app.register(authentication, { environment });
  await app.register(metrics, { queue, socketCount: () => gateway.sockets.size });
  await app.register(leaseSweeper, { queue });

  for (const route of [landingRoute, healthRoute, metricsRoute]) route(app, gateway);
  adminPage(app, gateway);
  await adminRoutes(app, gateway);
  await workerRoutes(app, gateway);
  await comfyuiRoutes(app, gateway);
  await frontendProxy(app, gateway);
  await app.ready();
  return app;
}
