/** `models`, `experiment/models` and `embeddings`: file names that the workers' loaders list. */
import type { Route } from "../../gateway.ts";
import { modelFolders, modelsIn } from "../../object-info/models.ts";

export const modelsRoutes: Route = (app, { objectInfo }) => {
  // No loader lists embeddings; the editor only completes their names.
  app.get("/embeddings", (_request, reply) => reply.send([]));

  app.get("/models", (_request, reply) => reply.send(modelFolders));

  app.get<{ Params: { folder: string } }>("/models/:folder", async (request, reply) => {
    const { objectInfo: known } = await objectInfo.current();
    const names = modelsIn(known, request.params.folder);
    return names ?? reply.code(404).send();
  });

  app.get("/experiment/models", (_request, reply) =>
    reply.send(modelFolders.map((name) => ({ name, folders: [`models/${name}`] }))),
  );

  app.get<{ Params: { folder: string } }>("/experiment/models/:folder", async (request, reply) => {
    const { objectInfo: known } = await objectInfo.current();
    const names = modelsIn(known, request.params.folder);
    // Sizes and dates of the workers' files are not known here; the editor shows names.
    return (
      names?.map((name) => ({ name, pathIndex: 0, modified: 0, created: 0, size: 0 })) ??
      reply.code(404).send()
    );
  });
};
