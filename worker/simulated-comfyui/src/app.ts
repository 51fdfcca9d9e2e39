/**
 * A ComfyUI without a GPU: the server put together. `createSimulatedComfyui` is all that other
 * packages use; `main.ts` runs the same as a process.
 */
import type { AddressInfo } from "node:net";
import multipart from "@fastify/multipart";
import websocket from "@fastify/websocket";
import { loadObjectInfo } from "@comfymulti/workflows";
import type { ObjectInfo } from "@comfymulti/workflows";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import fastify, { LogController } from "fastify";
import type { Logger } from "pino";
import { pino } from "pino";
import { fileRoutes } from "./dialect/file-routes.ts";
import { frontPage } from "./dialect/front-page.ts";
import { informationRoutes, internalRoutes } from "./dialect/information-routes.ts";
import { userdataRoutes } from "./dialect/userdata-routes.ts";
import { jobRoutes } from "./dialect/job-routes.ts";
import { promptRoutes } from "./dialect/prompt-routes.ts";
import { answerLikeAiohttp } from "./dialect/server-errors.ts";
import { Sockets, serverFeatures } from "./dialect/sockets.ts";
import type { SimulatedVersion } from "./environment.ts";
import { Executor } from "./execution/executor.ts";
import { SimulatedGpu } from "./execution/gpu.ts";
import { PromptQueue } from "./execution/prompt-queue.ts";
import { provideFonts } from "./fonts.ts";
import { Folders } from "./folders.ts";
import { LogBuffer } from "./log-buffer.ts";
import { declaredModels, withFiles } from "./model-files.ts";
import type { ModelFiles } from "./model-files.ts";
import { nodeRuns } from "./nodes/index.ts";
import { testNodes } from "./nodes/test-nodes.ts";

/** A WebSocket message from a client is a short JSON text. */
const LONGEST_SOCKET_MESSAGE = 64 * 1024;

export interface SimulatedComfyuiOptions {
  /** Folder that gets `input`, `output` and `temp`. Created when it is missing. */
  readonly dataDirectory: string;
  /** Default `0.11.1`. */
  readonly version?: SimulatedVersion;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: a free port. */
  readonly port?: number;
  /** Simulated seconds of the timing model that pass in one real second. Default 1. */
  readonly speed?: number;
  /** VRAM of the simulated GPU, MiB. Default 81559. */
  readonly vramMiB?: number;
  /** Offers GwSlow, GwGrown, GwOutOfMemory and GwCrash. Default false. */
  readonly testNodes?: boolean;
  /** Model files declared present besides those of the templates: folder → names. Default none. */
  readonly models?: Readonly<Record<string, readonly string[]>>;
  /**
   * Node definitions instead of the version's captured ones: what another version of ComfyUI might
   * have. Prompts are judged by them; how nodes run stays as it is.
   */
  readonly objectInfo?: ObjectInfo;
  /** Default: silent. */
  readonly logger?: Logger;
}

export interface SimulatedComfyui {
  readonly app: FastifyInstance;
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** Ends as a killed process ends: every connection drops at once, nothing is said. */
  crash(): void;
  /** Stops the running prompt and closes. Does nothing the second time. */
  close(): Promise<void>;
}

/** What the routes share. */
export interface SimulatedParts {
  readonly version: SimulatedVersion;
  readonly queue: PromptQueue;
  readonly executor: Executor;
  readonly gpu: SimulatedGpu;
  readonly folders: Folders;
  readonly models: ModelFiles;
  readonly logs: LogBuffer;
  readonly numbers: { next(): number };
  /** object_info with the models and the uploads of this moment. */
  objectInfoNow(): Promise<ObjectInfo>;
}

/** Builds the server and listens. Rejects when the port is taken or the folder can't be made. */
export async function createSimulatedComfyui(
  options: SimulatedComfyuiOptions,
): Promise<SimulatedComfyui> {
  const { version = "0.11.1", host = "127.0.0.1", port = 0, speed = 1, vramMiB = 81_559 } = options;
  const logger = options.logger ?? pino({ level: "silent" });
  // Named as Fastify's own type, or the server would be typed by pino's.
  const serverLogger: FastifyBaseLogger = logger;
  const folders = new Folders(options.dataDirectory);
  await folders.create();
  provideFonts(options.dataDirectory);

  const extra = options.testNodes === true ? testNodes(version) : {};
  const objectInfo: ObjectInfo = {
    ...(options.objectInfo ?? loadObjectInfo(version)),
    ...Object.fromEntries(Object.entries(extra).map(([name, node]) => [name, node.definition])),
  };
  const models = declaredModels(options.models ?? {});
  const logs = new LogBuffer();
  logs.add(`Simulated ComfyUI ${version}: no GPU and no models. VRAM ${vramMiB} MB (simulated)`);

  const queue = new PromptQueue(() => sockets.sendStatus());
  const gpu = new SimulatedGpu({ vramMiB, speed });
  const sockets: Sockets = new Sockets(
    () => queue.remaining,
    () => executor.current,
  );
  const app: FastifyInstance = fastify({
    loggerInstance: serverLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: serverFeatures.max_upload_size,
    forceCloseConnections: true,
  });
  const crash = (): void => {
    app.server.close();
    app.server.closeAllConnections();
    for (const client of app.websocketServer.clients) client.terminate();
    void executor.stop();
  };
  const executor: Executor = new Executor({
    queue,
    listener: sockets,
    gpu,
    folders,
    objectInfo,
    nodes: {
      ...nodeRuns,
      ...Object.fromEntries(Object.entries(extra).map(([name, node]) => [name, node.run])),
    },
    crash,
    logger,
    logs,
  });

  let number = 0;
  const parts: SimulatedParts = {
    version,
    queue,
    executor,
    gpu,
    folders,
    models,
    logs,
    numbers: { next: () => number++ },
    objectInfoNow: async () => withFiles(objectInfo, models, await folders.files("input")),
  };
  await addRoutes(app, parts, sockets);
  await app.listen({ host, port });
  executor.start();

  const address = app.server.address() as AddressInfo;
  return {
    app,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    crash,
    close: async () => {
      await executor.stop();
      await app.close();
    },
  };
}

async function addRoutes(
  app: FastifyInstance,
  parts: SimulatedParts,
  sockets: Sockets,
): Promise<void> {
  // Like ComfyUI, it reads a body as JSON whatever the content type says.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  await app.register(multipart, {
    limits: { fileSize: serverFeatures.max_upload_size, files: 1, fields: 20 },
  });
  await app.register(websocket, { options: { maxPayload: LONGEST_SOCKET_MESSAGE } });
  answerLikeAiohttp(app);

  app.get("/", (_request, reply) =>
    reply.type("text/html; charset=utf-8").send(frontPage(parts.version)),
  );
  app.get("/health", () => ({ status: "ok", simulated: true }));
  jobRoutes(app, parts);
  internalRoutes(app, parts);
  for (const prefix of ["", "/api"]) {
    await app.register(
      (scope, _options, done) => {
        scope.get<{ Querystring: { clientId?: string } }>(
          "/ws",
          { websocket: true },
          (socket, request) => sockets.connect(socket, request.query.clientId ?? ""),
        );
        promptRoutes(scope, parts);
        fileRoutes(scope, parts);
        informationRoutes(scope, parts);
        userdataRoutes(scope);
        done();
      },
      { prefix },
    );
  }
}
