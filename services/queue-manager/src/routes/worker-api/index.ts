/** What workers say over HTTP: files, and messages of those that have no way to the queue itself. */
import type { FastifyInstance } from "fastify";
import type { Gateway } from "../../gateway.ts";
import { inputsRoute } from "./inputs.ts";
import { messagesRoute } from "./messages.ts";
import { outputsRoute } from "./outputs.ts";
import { previewsRoute } from "./previews.ts";

export async function workerRoutes(app: FastifyInstance, gateway: Gateway): Promise<void> {
  await app.register(
    (scope, _options, done) => {
      scope.addHook("onRequest", scope.requireWorker);
      scope.removeAllContentTypeParsers();
      // A body is a file: it stays a stream.
      scope.addContentTypeParser("*", (_request, payload, parsed) => {
        parsed(null, payload);
      });
      inputsRoute(scope, gateway);
      outputsRoute(scope, gateway);
      messagesRoute(scope, gateway);
      previewsRoute(scope, gateway);
      done();
    },
    { prefix: "/internal/v1" },
  );
}
