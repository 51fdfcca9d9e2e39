/** `users` and `settings`, as a single-user ComfyUI answers them: each path is one user's own. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { userOf } from "../identity.ts";
import { Refusal } from "../refusal.ts";
import { settingsSchema } from "../storage/user-settings.ts";
import type { UserSettings } from "../storage/user-settings.ts";
import { readJson } from "./request-body.ts";

const settingSchema = z.object({ id: z.string().max(256) });

export function registerSettingsRoutes(
  app: FastifyInstance,
  { settings, settingsBytes }: { settings: UserSettings; settingsBytes: number },
): void {
  app.get("/users", () => ({ storage: "server", migrated: true }));

  app.post("/users", () => {
    throw new Refusal(403, "Users are made by the host of the workshop, not here.");
  });

  app.get("/settings", (request) => settings.read(userOf(request)));

  app.post("/settings", async (request, reply) => {
    const change = settingsSchema.safeParse(await readJson(request, settingsBytes));
    if (!change.success) throw new Refusal(400, "The settings must be a JSON object.");
    await settings.change(userOf(request), change.data);
    return await reply.send();
  });

  app.get("/settings/:id", async (request, reply) => {
    const { id } = settingSchema.parse(request.params);
    const all = await settings.read(userOf(request));
    // Serialised here: Fastify would send an empty body for null, and a bare string unquoted.
    const value = Object.hasOwn(all, id) ? all[id] : null;
    return await reply.type("application/json; charset=utf-8").send(JSON.stringify(value));
  });

  app.post("/settings/:id", async (request, reply) => {
    const { id } = settingSchema.parse(request.params);
    const change = settingsSchema.safeParse({ [id]: await readJson(request, settingsBytes) });
    if (!change.success) throw new Refusal(400, "The setting must be a JSON value.");
    await settings.change(userOf(request), change.data);
    return await reply.send();
  });
}
