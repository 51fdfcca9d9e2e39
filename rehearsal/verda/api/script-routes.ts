/** Startup scripts. Their list comes in pages of ten. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { invalid, notFound } from "../world/refusal.ts";
import type { ScriptRecord } from "../world/state.ts";
import type { World } from "../world/world.ts";
import { ids, nameSchema, parse } from "./body.ts";
import { idParameters } from "./tags.ts";
import { timeText } from "./views.ts";

const createBody = z.strictObject({ name: nameSchema, script: z.string().min(1).max(1_000_000) });
const deleteBody = z.strictObject({ scripts: ids });
const listQuery = z.strictObject({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(100).default(10),
  name: z.string().max(255).optional(),
  orderBy: z.enum(["name", "created_at"]).default("created_at"),
  orderDirection: z.enum(["asc", "desc", "ASC", "DESC"]).default("desc"),
});

const view = ({ createdAt, ...script }: ScriptRecord) => ({
  ...script,
  created_at: timeText(createdAt),
});

export function scriptRoutes(server: FastifyInstance, world: World): void {
  const { state } = world;
  const find = (id: string): ScriptRecord => {
    const script = Object.hasOwn(state.scripts, id) ? state.scripts[id] : undefined;
    if (!script) throw notFound("invalid startup script id");
    return script;
  };
  const remove = (list: readonly string[]) => {
    const now = world.settle();
    for (const { id, name } of list.map(find)) {
      delete state.scripts[id];
      world.note(now, "startup-script", id, `${name}: removed`);
    }
  };
  server.get("/scripts", ({ query }, reply) => {
    const { page, pageSize, name, orderBy, orderDirection } = parse(listQuery, query);
    const found = Object.values(state.scripts)
      .filter((script) => name === undefined || script.name.includes(name))
      .sort((a, b) =>
        orderBy === "name" ? a.name.localeCompare(b.name) : a.createdAt - b.createdAt,
      );
    if (orderDirection.toLowerCase() === "desc") found.reverse();
    reply.headers({ "X-Page": page, "X-Page-Size": pageSize, "X-Total-Count": found.length });
    return found.slice((page - 1) * pageSize, page * pageSize).map(view);
  });
  server.get("/scripts/:id", ({ params }) => [view(find(parse(idParameters, params).id))]);
  server.post("/scripts", ({ body }, reply) => {
    const { name, script } = parse(createBody, body);
    if (Object.keys(state.scripts).length >= world.settings.quota.startupScripts) {
      throw invalid("Startup script limit exceeded");
    }
    const now = world.settle();
    const id = randomUUID();
    state.scripts[id] = { id, name, script, createdAt: now };
    world.note(now, "startup-script", id, `${name}: added`);
    return reply.code(201).type("text/plain").send(id);
  });
  server.delete("/scripts/:id", ({ params }, reply) => {
    remove([parse(idParameters, params).id]);
    return reply.code(200).send();
  });
  server.delete("/scripts", ({ body }, reply) => {
    remove(parse(deleteBody, body).scripts);
    return reply.code(200).send();
  });
}
