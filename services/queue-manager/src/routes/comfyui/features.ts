/** `features`: what this server can do. */
import { features } from "../../comfyui/features.ts";
import type { Route } from "../../gateway.ts";

export const featuresRoute: Route = (app) => {
  app.get("/features", (_request, reply) => reply.send(features));
};
