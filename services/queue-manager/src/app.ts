/** The service as a Fastify instance: built here, listened to in `main.ts` and in the tests. */
import websocket from "@fastify/websocket";
import type { QueueContract } from "@comfymulti/queue";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import type { Environment } from "./environment.ts";
import { installErrorHandling } from "./error-handler.ts";
import { sweepPartialFiles } from "./files/sweep-partial-files.ts";
import { UserFiles } from "./files/user-files.ts";
import type { Gateway } from "./gateway.ts";
import { HealthMonitor } from "./health-monitor.ts";
import {
  JSON_BODY_BYTES,
  patience as usualPatience,
  SOCKET_MESSAGE_BYTES,
  type Patience,
} from "./limits.ts";
import { ObjectInfoCatalogue } from "./object-info/catalogue.ts";
import authentication from "./plugins/authentication.ts";
import leaseSweeper from "./plugins/lease-sweeper.ts";
import metrics from "./plugins/metrics.ts";
import { adminRoutes } from "./routes/admin-api/index.ts";
import { adminPage } from "./routes/admin-page/index.ts";
import { comfyuiRoutes } from "./routes/comfyui/index.ts";
import { editorExtensionRoutes } from "./routes/editor-extension.ts";
import { frontendProxy } from "./routes/frontend-proxy.ts";
import { healthRoute } from "./routes/health.ts";
import { landingRoute } from "./routes/landing.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { workerRoutes } from "./routes/worker-api/index.ts";
import { SocketHub } from "./sockets/socket-hub.ts";
import { lifeOf } from "./stack-life.ts";
import { Intake } from "./submission/intake.ts";
import { LearnedVram } from "./submission/learned-vram.ts";
import { Submissions } from "./submission/submissions.ts";

export interface AppOptions {
  readonly environment: Environment;
  /** Connected queue; the caller closes it after the app. */
  readonly queue: QueueContract;
  readonly logger: FastifyBaseLogger;
  /** Shorter time limits than usual, for tests. */
  readonly patience?: Patience;
}

/** Builds the service, ready to listen. */
export async function buildApp({
  environment,
  queue,
  logger,
  patience = usualPatience,
}: AppOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    bodyLimit: JSON_BODY_BYTES,
    routerOptions: { maxParamLength: 1024 },
    // nginx is on this machine or in the same container network, never further away.
    trustProxy: ["loopback", "linklocal", "uniquelocal"],
    forceCloseConnections: true,
    requestTimeout: patience.requestMs,
    connectionTimeout: patience.silenceMs,
    http: {
      headersTimeout: patience.headersMs,
      connectionsCheckingInterval: Math.min(patience.headersMs / 2, 5000),
    },
  });
  const files = new UserFiles(environment.DATA_DIRECTORY);
  const objectInfo = new ObjectInfoCatalogue(queue, files);
  const gateway: Gateway = {
    environment,
    queue,
    files,
    objectInfo,
    sockets: new SocketHub(queue, app.log),
    submissions: new Submissions(
      objectInfo,
      files,
      new LearnedVram(queue),
      environment.MIGRATE_PROMPTS,
    ),
    intake: new Intake(),
    health: new HealthMonitor(queue),
    patience,
  };
  await queue.openIfClosedBefore(lifeOf(environment));
  const stopListening = await queue.onAnnouncement((text) => gateway.sockets.announce(text));
  app.addHook("onClose", async () => {
    await stopListening();
    gateway.health.close();
    await Promise.all([gateway.sockets.close(), gateway.submissions.close()]);
  });

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
  editorExtensionRoutes(app, gateway);
  await frontendProxy(app, gateway);
  const swept = await sweepPartialFiles(await files.partialDirectory());
  if (swept > 0) app.log.info({ swept }, "partial files of an earlier run removed");
  await app.ready();
  return app;
}
