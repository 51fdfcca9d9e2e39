/**
 * `api/assets` and `api/tags`: ComfyUI's database of model files. The files are on the workers, so
 * it is empty here, as it is in a ComfyUI that has not looked at its files yet.
 */
import type { Route } from "../../gateway.ts";

export const assetsRoutes: Route = (app) => {
  app.get("/assets", (_request, reply) => reply.send({ assets: [], total: 0, has_more: false }));
  app.get<{ Params: { id: string } }>("/assets/:id", (request, reply) =>
    reply.code(404).send({
      error: {
        code: "ASSET_NOT_FOUND",
        message: `Asset ${request.params.id} not found`,
        details: { id: request.params.id },
      },
    }),
  );
  app.get("/tags", (_request, reply) => reply.send({ tags: [], total: 0, has_more: false }));
};
