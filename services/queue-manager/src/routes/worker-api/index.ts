/** What workers say over HTTP: bytes only; everything else goes through the queue. */
import type { FastifyInstance } from "fastify";
import type { Gateway } from "../../gateway.ts";
import { inputsRoute } from "./inputs.ts";
import { outputsRoute } from "./outputs.ts";

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
      done();
    },
    { prefix: "/internal/v1" },
  );
}
