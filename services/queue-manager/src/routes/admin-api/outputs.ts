/** `GET /api/v1/users/{id}/outputs`: what a user's jobs have made, for whoever takes it away. */
import { userIdSchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { listTree } from "../../files/list-files.ts";
import type { Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";
import { requireUserId } from "./users.ts";

const outputsSchema = z
  .object({
    files: z.array(
      z.object({
        subfolder: z.string().describe("Relative, `/` between folders, empty for none."),
        filename: z.string(),
        bytes: z.number(),
        modified: z.number().describe("When it was last written, ms since the epoch."),
      }),
    ),
  })
  .describe("All files, by folder and name.");

export const outputsRoute: Route = (app, gateway) => {
  app.withTypeProvider<ZodTypeProvider>().get(
    "/users/:id/outputs",
    {
      schema: {
        tags: ["users"],
        summary: "Pictures and videos of a user",
        description:
          "Everything that the user's jobs have saved. `GET /userNNN/view` with filename, subfolder and type=output fetches one of them, with the admin token too.",
        params: z.object({ id: userIdSchema }),
        response: { ...errorResponses, 200: outputsSchema },
      },
    },
    async ({ params }) => {
      requireUserId(gateway, params.id);
      return { files: await listTree(gateway.files.root(params.id, "output")) };
    },
  );
};
