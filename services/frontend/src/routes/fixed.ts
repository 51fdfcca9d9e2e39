/** What a ComfyUI without custom nodes answers, the same for everybody. */
import { createReadStream } from "node:fs";
import type { FastifyInstance } from "fastify";
import { userOf } from "../identity.ts";
import { Refusal } from "../refusal.ts";
import type { UserFiles } from "../storage/user-files.ts";

export function registerFixedRoutes(app: FastifyInstance, { files }: { files: UserFiles }): void {
  app.get("/extensions", () => []);
  app.get("/i18n", () => ({}));
  app.get("/workflow_templates", () => ({}));
  app.get("/global_subgraphs", () => ({}));
  app.get("/global_subgraphs/:id", (_request, reply) =>
    reply.type("application/json; charset=utf-8").send("null"),
  );
  app.get("/docs/*", () => {
    throw new Refusal(404);
  });
  app.get("/user.css", async (request, reply) => {
    const file = await files.find(userOf(request), "user.css");
    if (!file) throw new Refusal(404);
    return await reply
      .type("text/css")
      .header("cache-control", "no-cache")
      .send(createReadStream(file));
  });
}
