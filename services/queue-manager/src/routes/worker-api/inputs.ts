/** `GET /internal/v1/jobs/:job/inputs`: a file that the job's user uploaded. */
import { z } from "zod";
import { parseBody } from "../../comfyui/parse-json.ts";
import { errors } from "../../errors.ts";
import { hashFile } from "../../files/partial-file.ts";
import { sendFile } from "../../files/send-file.ts";
import { parseFileName } from "../../files/user-files.ts";
import type { Route } from "../../gateway.ts";
import { heldJob } from "./held-job.ts";

const querySchema = z.object({
  attempt: z.coerce.number().int().positive(),
  filename: z.string(),
  subfolder: z.string().default(""),
  /** `output` and `temp` serve graphs that load what an earlier job made. */
  type: z.string().default("input"),
});

export const inputsRoute: Route = (app, { queue, files }) => {
  app.get<{ Params: { job: string } }>("/jobs/:job/inputs", async (request, reply) => {
    const query = parseBody(querySchema, request.query);
    const { worker } = request;
    const job = await heldJob(queue, { worker, job: request.params.job, attempt: query.attempt });
    const file = files.path(job.user, parseFileName(query));
    const sha256 = await hashFile(file).catch(() => {
      throw errors.notFound("Input file");
    });
    return sendFile(request, reply.header("x-content-sha256", sha256), file);
  });
};
