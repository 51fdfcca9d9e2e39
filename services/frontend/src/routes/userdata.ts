/**
 * The user data API: workflows and the frontend's other files. Answers as ComfyUI 0.11.1 does. A
 * file's name is one path segment (`workflows%2Fmine.json`), so proxies must keep the raw URI.
 */
import { createReadStream } from "node:fs";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { userOf } from "../identity.ts";
import { Refusal } from "../refusal.ts";
import type { UserFiles } from "../storage/user-files.ts";
import { bodyStream } from "./request-body.ts";

/** ComfyUI: `true` in any case is true, all else false. */
const trueFlag = z
  .string()
  .default("")
  .transform((text) => text.toLowerCase() === "true");
/** ComfyUI: everything but `false` allows overwriting. */
const overwriteFlag = z
  .string()
  .default("true")
  .transform((text) => text !== "false");

const listQuery = z.object({
  dir: z.string().default(""),
  recurse: trueFlag,
  full_info: trueFlag,
  split: trueFlag,
});
const listV2Query = z.object({ path: z.string().default("") });
const fileParameters = z.object({ file: z.string() });
const moveParameters = fileParameters.extend({ destination: z.string() });
const writeQuery = z.object({ overwrite: overwriteFlag, full_info: trueFlag });

export function registerUserdataRoutes(
  app: FastifyInstance,
  { files }: { files: UserFiles },
): void {
  app.get("/userdata", async (request) => {
    const { dir, recurse, full_info: fullInfo, split } = query(listQuery, request);
    if (dir === "") throw new Refusal(400, "Directory not provided");
    const entries = await files.list(userOf(request), dir.replace(/\/+$/, ""), recurse);
    if (entries === "missing") throw new Refusal(404, "Directory not found");
    if (entries === "file") return [];
    return (
      entries
        // Names that begin with a dot stay hidden, as in ComfyUI.
        .filter(({ type, path }) => type === "file" && !/(^|\/)\./.test(path))
        .map(({ path, size, modified, created }) => {
          if (fullInfo) return { path, size, modified, created };
          return split ? [path, ...path.split("/")] : path;
        })
    );
  });

  app.get("/v2/userdata", async (request) => {
    const folder = query(listV2Query, request).path.replace(/\/+$/, "");
    const entries = await files.list(userOf(request), folder, true);
    if (entries === "missing") throw new Refusal(404, "Requested path not found");
    if (entries === "file") throw new Refusal(400, "Requested path is not a directory");
    const prefix = folder === "" ? "" : `${folder}/`;
    const rank = (entry: { type: string; name: string }) =>
      `${entry.type === "directory" ? 0 : 1}${entry.name.toLowerCase()}`;
    return entries
      .toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1))
      .map(({ name, path, type, size, modified }) =>
        type === "file"
          ? { name, path: prefix + path, type, size, modified }
          : { name, path: prefix + path, type },
      );
  });

  app.get("/userdata/:file", async (request, reply) => {
    const { file: name } = fileParameters.parse(request.params);
    const file = await files.find(userOf(request), name);
    if (!file) throw new Refusal(404);
    return await reply
      .headers({ "x-content-type-options": "nosniff", "cache-control": "no-cache" })
      .type(contentTypeOf(name))
      .send(createReadStream(file));
  });

  app.post("/userdata/:file", async (request, reply) => {
    const { file: name } = fileParameters.parse(request.params);
    const { overwrite, full_info: fullInfo } = query(writeQuery, request);
    if (Number(request.headers["content-length"] ?? 0) > files.limits.fileBytes) {
      throw files.tooLarge();
    }
    const info = await files.store(userOf(request), name, bodyStream(request), overwrite);
    return await reply
      .type("application/json; charset=utf-8")
      .send(JSON.stringify(fullInfo ? info : info.path));
  });

  app.delete("/userdata/:file", async (request, reply) => {
    await files.remove(userOf(request), fileParameters.parse(request.params).file);
    return await reply.code(204).send();
  });

  app.post("/userdata/:file/move/:destination", async (request, reply) => {
    const { file, destination } = moveParameters.parse(request.params);
    const { overwrite, full_info: fullInfo } = query(writeQuery, request);
    const info = await files.move(userOf(request), file, destination, overwrite);
    return await reply
      .type("application/json; charset=utf-8")
      .send(JSON.stringify(fullInfo ? info : info.path));
  });
}

function query<Schema extends z.ZodType>(schema: Schema, request: FastifyRequest): z.infer<Schema> {
  const parsed = schema.safeParse(request.query);
  if (!parsed.success) throw new Refusal(400, "Each query parameter may be given once.");
  return parsed.data;
}

/** A participant's file is data, never a page or a script of this site; only user.css is used as it is. */
function contentTypeOf(name: string): string {
  if (name === "user.css") return "text/css";
  return name.endsWith(".json") ? "application/json" : "application/octet-stream";
}
