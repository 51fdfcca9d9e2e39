/** `/api/v1/users`: who there is and what each has in the queue; never a token. */
import { userIdSchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { errors } from "../../errors.ts";
import type { Gateway, Route } from "../../gateway.ts";
import { LIST_JOBS } from "../../limits.ts";
import { cancelOwn } from "../comfyui/queue.ts";
import { errorResponses } from "./errors.ts";
import { countsSchema } from "./health.ts";

const userSchema = z.object({ id: userIdSchema, weight: z.number(), jobs: countsSchema });

/** All users with their jobs by state, in the configured order. */
export function usersWithCounts({ environment, queue }: Gateway) {
  return Promise.all(
    environment.USERS.map(async ({ id, weight }) => ({
      id,
      weight,
      jobs: await queue.counts(id),
    })),
  );
}

export const usersRoutes: Route = (app, gateway) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get(
    "/users",
    {
      schema: {
        summary: "Users with their jobs by state",
        response: { ...errorResponses, 200: z.object({ users: z.array(userSchema) }) },
      },
    },
    async () => ({ users: await usersWithCounts(gateway) }),
  );

  routes.post(
    "/users/:id/cancel",
    {
      schema: {
        summary: "Cancel all waiting and running jobs of a user",
        params: z.object({ id: userIdSchema }),
        response: { ...errorResponses, 200: z.object({ cancelled: z.number() }) },
      },
    },
    async (request) => {
      const { id } = request.params;
      if (!gateway.environment.USERS.some((user) => user.id === id)) throw errors.notFound("User");
      const { jobs } = await gateway.queue.list({
        user: id,
        states: ["pending", "running"],
        limit: LIST_JOBS,
      });
      for (const job of jobs) await cancelOwn(gateway.queue, job.id, id);
      return { cancelled: jobs.length };
    },
  );
};
