/**
 * `POST free`: accepted and left undone. One participant must not unload the models that everybody
 * else's next job needs; the host frees a worker through the admin API.
 */
import type { Route } from "../../gateway.ts";

export const freeRoute: Route = (app) => {
  app.post("/free", (_request, reply) => reply.send());
};
