/**
 * `/userdata`: what an editor saved, kept in memory. A file's name is one path segment
 * (`workflows%2Fmine.json`): a name that was decoded on the way meets no route, as in ComfyUI.
 */
import type { FastifyInstance } from "fastify";
import { z } from "zod";

/** A simulator is no store: beyond this it forgets the oldest file. */
const FILES_KEPT = 1000;

const listQuery = z.object({
  dir: z.string().default(""),
  recurse: z.string().default(""),
});
const writeQuery = z.object({ overwrite: z.string().default("true") });

export function userdataRoutes(app: FastifyInstance): void {
  const files = new Map<string, Buffer>();

  app.get("/userdata", (request, reply) => {
    const { dir, recurse } = listQuery.parse(request.query);
    if (dir === "") return reply.code(400).send("Directory not provided");
    const folder = `${dir.replace(/\/+$/, "")}/`;
    const names = [...files.keys()].filter((name) => name.startsWith(folder));
    if (names.length === 0) {
      return reply.code(404).type("text/plain; charset=utf-8").send("Directory not found");
    }
    const below = names.map((name) => name.slice(folder.length)).sort();
    return below.filter((name) => recurse.toLowerCase() === "true" || !name.includes("/"));
  });

  app.get<{ Querystring: { path?: string } }>("/v2/userdata", ({ query }, reply) =>
    query.path === undefined
      ? []
      : reply.code(404).type("text/plain; charset=utf-8").send("Requested path not found"),
  );

  app.get<{ Params: { file: string } }>("/userdata/:file", ({ params }, reply) => {
    const bytes = files.get(params.file);
    return bytes ? reply.type("application/json").send(bytes) : reply.code(404).send();
  });

  void app.register((raw, _options, done) => {
    raw.removeAllContentTypeParsers();
    raw.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => {
      parsed(null, body);
    });
    raw.post<{ Params: { file: string } }>("/userdata/:file", (request, reply) => {
      const { file } = request.params;
      const escapes = file.split("/").some((part) => ["", ".", ".."].includes(part));
      if (escapes) return reply.code(403).send();
      const { overwrite } = writeQuery.parse(request.query);
      if (overwrite === "false" && files.has(file)) {
        return reply.code(409).type("text/plain; charset=utf-8").send("File already exists");
      }
      files.set(file, (request.body as Buffer | undefined) ?? Buffer.alloc(0));
      const [oldest] = files.keys();
      if (files.size > FILES_KEPT && oldest !== undefined) files.delete(oldest);
      return reply.type("application/json; charset=utf-8").send(JSON.stringify(file));
    });
    done();
  });
}
