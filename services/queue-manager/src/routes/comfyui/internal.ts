/** `internal/*`: what the editor's error report and a few nodes ask the server about itself. */
import { fileTypes } from "../../files/user-files.ts";
import { listFiles } from "../../files/list-files.ts";
import { errors } from "../../errors.ts";
import type { Route } from "../../gateway.ts";

/** Server logs hold other participants' work, so the report gets a sentence instead. */
const LOGS = "The logs of the GPU workers are kept by the host.";

export const internalRoutes: Route = (app, { files }) => {
  // A JSON string, as ComfyUI sends it.
  app.get("/internal/logs", (_request, reply) =>
    reply.type("application/json; charset=utf-8").send(JSON.stringify(LOGS)),
  );
  app.get("/internal/logs/raw", (_request, reply) =>
    reply.send({ entries: [], size: { cols: 80, rows: 24 } }),
  );
  app.patch("/internal/logs/subscribe", (_request, reply) => reply.send());
  app.get("/internal/folder_paths", (_request, reply) => reply.send({}));
  app.get<{ Params: { type: string } }>("/internal/files/:type", async (request) => {
    const type = fileTypes.find((known) => known === request.params.type);
    if (!type) throw errors.badRequest("The folder must be output, input or temp.");
    return listFiles(files.root(request.user.id, type));
  });
};
