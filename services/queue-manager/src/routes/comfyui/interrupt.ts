/** `POST interrupt`: stops the user's own running jobs, or one of them by prompt_id. */
import { z } from "zod";
import { parseBody } from "../../comfyui/parse-json.ts";
import type { Route } from "../../gateway.ts";
import { cancelOwn } from "./queue.ts";

const bodySchema = z.object({ prompt_id: z.string().nullish() });

export const interruptRoute: Route = (app, { queue }) => {
  app.post("/interrupt", async (request, reply) => {
    const user = request.user.id;
    const { prompt_id: only } = parseBody(bodySchema, request.body ?? {});
    const { jobs } = await queue.list({ user, states: ["running"] });
    for (const { id } of jobs) {
      if (!only || id === only) await cancelOwn(queue, id, user);
    }
    return reply.send();
  });
};
