/** `/api/v1/announcement`: the host's word to everybody who has the editor open. */
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";

const LONGEST = 500;

const textSchema = z
  .string()
  .trim()
  .min(1)
  .max(LONGEST)
  .regex(/^\P{Cc}+$/u, "must be one line of text");

const announcementSchema = z
  .object({
    text: z
      .string()
      .nullable()
      .describe("What every editor shows; null when nothing is announced."),
  })
  .describe("What is announced now.");

export const announcementRoutes: Route = (app, { queue }) => {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    "/announcement",
    {
      schema: {
        tags: ["operation"],
        summary: "What is announced",
        description: "The text that editors show at the moment.",
        response: { ...errorResponses, 200: announcementSchema },
      },
    },
    async () => ({ text: (await queue.announcement()) ?? null }),
  );

  routes.put(
    "/announcement",
    {
      schema: {
        tags: ["operation"],
        summary: "Announce something",
        description:
          "Every open editor shows it as a notice until the participant closes it; an editor that is opened later shows it too. It replaces what was announced before. It is also the reason that participants read when intake is closed.",
        body: z.strictObject({ text: textSchema.describe("One line of plain text.") }),
        response: { ...errorResponses, 200: announcementSchema },
      },
    },
    async ({ body }) => {
      await queue.announce(body.text);
      return body;
    },
  );

  routes.delete(
    "/announcement",
    {
      schema: {
        tags: ["operation"],
        summary: "Take the announcement back",
        description: "Editors remove the notice; without effect when nothing is announced.",
        response: { ...errorResponses, 200: announcementSchema },
      },
    },
    async () => {
      await queue.announce(undefined);
      return { text: null };
    },
  );
};
