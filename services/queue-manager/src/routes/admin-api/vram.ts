/** `GET /api/v1/vram`: what jobs really took of the GPU, by the models that they load. */
import { vramPeaksSchema } from "@comfymulti/queue";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../../gateway.ts";
import { errorResponses } from "./errors.ts";

const answerSchema = z
  .object({ peaks: z.array(vramPeaksSchema) })
  .describe("Peaks of the newest jobs, MiB, by set of models.");

export const vramRoute: Route = (app, { queue }) => {
  app.withTypeProvider<ZodTypeProvider>().get(
    "/vram",
    {
      schema: {
        tags: ["operation"],
        summary: "GPU memory that jobs took",
        description:
          "From five jobs with the same models on, their worst peak lowers the estimate by which later ones are given to workers.",
        response: { ...errorResponses, 200: answerSchema },
      },
    },
    async () => ({ peaks: [...(await queue.vramPeaks())] }),
  );
};
