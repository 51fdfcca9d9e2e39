/** `view_metadata`: a model file's header. The files are on the workers; the editor takes a 404. */
import type { Route } from "../../gateway.ts";

export const viewMetadataRoute: Route = (app) => {
  app.get("/view_metadata/:folder", (_request, reply) => reply.code(404).send());
};
