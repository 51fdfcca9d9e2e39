/** Puts the service together: one Fastify instance for all users, every path under `/:user/`. */
import { comfyuiVersions } from "@comfymulti/workflows";
import Fastify, { LogController } from "fastify";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { readBundle } from "./bundle/bundle.ts";
import { registerBundleRoutes } from "./bundle/routes.ts";
import type { Environment } from "./environment.ts";
import { identityCheck } from "./identity.ts";
import { defaultLimits } from "./limits.ts";
import type { Limits } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import { registerFixedRoutes } from "./routes/fixed.ts";
import { acceptStreams } from "./routes/request-body.ts";
import { registerSettingsRoutes } from "./routes/settings.ts";
import { registerTemplateRoutes } from "./routes/templates.ts";
import { registerUserdataRoutes } from "./routes/userdata.ts";
import { UserFiles } from "./storage/user-files.ts";
import { UserSettings } from "./storage/user-settings.ts";

/** How long requests in hand get at the end, ms. */
const LAST_REQUESTS_MS = 3_000;

/** A workflow's name as one path segment, each byte percent-encoded. */
const LONGEST_SEGMENT = 3 * 1024;

export interface AppOptions {
  readonly environment: Pick<
    Environment,
    "FRONTEND_TOKEN" | "BUNDLE_DIRECTORY" | "USERDATA_DIRECTORY" | "USERS" | "COMFYUI_VERSION"
  >;
  readonly limits?: Limits;
  readonly logger?: FastifyBaseLogger;
}

/** @throws Error with one sentence when the version is unknown or the bundle is not there. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { environment, limits = defaultLimits, logger } = options;
  const pin = comfyuiVersions[environment.COMFYUI_VERSION];
  if (!pin) {
    throw new Error(
      `COMFYUI_VERSION: ${environment.COMFYUI_VERSION} is not known; use one of ${Object.keys(comfyuiVersions).join(", ")}.`,
    );
  }
  const bundle = await readBundle(environment.BUNDLE_DIRECTORY);
  const files = new UserFiles(environment.USERDATA_DIRECTORY, limits);
  await files.prepare();
  const settings = new UserSettings(files);

  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : {}),
    // A page load is a hundred requests, and paths hold the names of people's work.
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: LONGEST_SEGMENT },
  });
  // Browsers open connections ahead of need, and one that was never used would keep the server open.
  app.addHook("preClose", (done) => {
    setTimeout(() => app.server.closeAllConnections(), LAST_REQUESTS_MS).unref();
    done();
  });
  answerRefusals(app);

  app.get("/health", () => ({
    status: "ok",
    comfyuiVersion: environment.COMFYUI_VERSION,
    frontendPackage: pin.frontendPackage,
    users: environment.USERS.length,
  }));

  await app.register(async (users) => {
    users.addHook("onRequest", identityCheck(environment.FRONTEND_TOKEN, environment.USERS));
    acceptStreams(users);
    for (const prefix of ["/:user", "/:user/api"]) {
      await users.register(
        (scope, _options, done) => {
          registerFixedRoutes(scope, { files });
          registerSettingsRoutes(scope, { settings, settingsBytes: limits.settingsBytes });
          registerUserdataRoutes(scope, { files });
          registerTemplateRoutes(scope);
          done();
        },
        { prefix },
      );
    }
    await registerBundleRoutes(users, {
      bundle,
      firstVisit: { files, settings, frontendPackage: pin.frontendPackage },
    });
  });
  return app;
}

/** A refusal is its sentence as text, as ComfyUI does it; everything unforeseen is a plain 500. */
function answerRefusals(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send());
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (error instanceof Refusal) {
      // The frontend shows the reason phrase, not the body, when saving fails.
      if (error.message !== "") reply.raw.statusMessage = error.message;
      return reply.code(status).type("text/plain; charset=utf-8").send(error.message);
    }
    if (status < 500) {
      return reply.code(status).type("text/plain; charset=utf-8").send(error.message);
    }
    request.log.error({ err: error }, "a request failed");
    return reply.code(500).type("text/plain; charset=utf-8").send("500 Internal Server Error");
  });
}
