/** The template browser's files: the workshop's own workflows instead of ComfyUI's catalogue. */
import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { templates, templatesIndex } from "@comfymulti/workflows";
import type { FastifyInstance } from "fastify";
import { Refusal } from "../refusal.ts";

/** How the template browser searches (options of Fuse.js); without the file it logs an error. */
const SEARCH = {
  keys: [
    { name: "title", weight: 0.5 },
    { name: "description", weight: 0.3 },
    { name: "name", weight: 0.2 },
  ],
  threshold: 0.35,
};

const byId = new Map(templates.map((template) => [template.id, template]));

export function registerTemplateRoutes(app: FastifyInstance): void {
  app.get("/templates/:file", async (request, reply) => {
    const { file } = request.params as { file: string };
    reply.header("cache-control", "no-cache");
    // `index.de.json` and so on: the workshop's texts are the same in every language.
    if (/^index(\.[a-zA-Z-]+)?\.json$/.test(file)) return templatesIndex();
    if (file === "fuse_options.json") return SEARCH;

    const workflow = byId.get(/^(.+)\.json$/.exec(file)?.[1] ?? "");
    if (workflow) return workflow.ui;

    const pictured = byId.get(/^(.+)-1\.webp$/.exec(file)?.[1] ?? "");
    const picture = pictured && (await thumbnailOf(pictured.id));
    if (picture) return await reply.type("image/webp").send(createReadStream(picture));
    throw new Refusal(404);
  });
}

async function thumbnailOf(id: string): Promise<string | undefined> {
  const address = import.meta.resolve(`@comfymulti/workflows/templates/${id}/thumbnail.webp`);
  const file = fileURLToPath(address);
  return await access(file).then(
    () => file,
    () => undefined,
  );
}
