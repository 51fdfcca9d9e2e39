/** `/api/v1/users`: who there is and what each has in the queue; never a token. */
import { userIdSchema, type UserId } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { errors } from "../../errors.ts";
import type { Gateway, Route } from "../../gateway.ts";
import { cancelAll, cancelledSchema, unendedStates } from "./cancel-all.ts";
import { errorResponses } from "./errors.ts";
import { countsSchema } from "./health.ts";

const userSchema = z.object({
  id: userIdSchema,
  weight: z.number().describe("Share of the GPU: 2 gets twice what 1 gets."),
  jobs: countsSchema.describe("The user's jobs by state."),
});

/** All users with their jobs by state, in the configured order. */
export function usersWithCounts({ environment, queue }: Pick<Gateway, "environment" | "queue">) {
  return Promise.all(
    environment.USERS.map(async ({ id, weight }) => ({
      id,
      weight,
      jobs: await queue.counts(id),
    })),
  );
}

/** @throws GatewayError 404 for a user that the host has not configured. */
export function requireUserId({ environment }: Pick<Gateway, "environment">, id: UserId): void {
  if (!environment.USERS.some((user) => user.id === id)) throw errors.notFound("User");
}

export const usersRoutes: Route = (app, gateway) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get(
    "/users",
    {
      schema: {
        tags: ["users"],
        summary: "Users with their jobs by state",
        description: "In the host's order, with their share of the GPU.",
        response: {
          ...errorResponses,
          200: z.object({ users: z.array(userSchema) }).describe("All users."),
        },
      },
    },
    async () => ({ users: await usersWithCounts(gateway) }),
  );

  routes.post(
    "/users/:id/cancel",
    {
      schema: {
        tags: ["users"],
        summary: "Cancel all waiting and running jobs of a user",
        description: "All that there are when the call begins.",
        params: z.object({ id: userIdSchema }),
        response: { ...errorResponses, 200: cancelledSchema },
      },
    },
    async (request) => {
      const user = request.params.id;
      requireUserId(gateway, user);
      return { cancelled: await cancelAll(gateway.queue, { user, states: unendedStates }) };
    },
  );
};
