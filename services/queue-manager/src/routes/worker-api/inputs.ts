/**
 * `GET /internal/v1/jobs/:job/inputs`: a file that the job's user uploaded. `HEAD` tells its size and
 * sha256 alone, for a worker that may have it already.
 */
import { z } from "zod";
import { parseBody } from "../../comfyui/parse-json.ts";
import { errors } from "../../errors.ts";
import { FileHashes } from "../../files/file-hashes.ts";
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
  const hashes = new FileHashes();
  app.route<{ Params: { job: string } }>({
    method: ["GET", "HEAD"],
    url: "/jobs/:job/inputs",
    handler: async (request, reply) => {
      const query = parseBody(querySchema, request.query);
      const { worker } = request;
      const job = await heldJob(queue, { worker, job: request.params.job, attempt: query.attempt });
      const file = files.path(job.user, parseFileName(query));
      const sha256 = await hashes.of(file).catch(() => {
        throw errors.notFound("Input file");
      });
      return sendFile(request, reply.header("x-content-sha256", sha256), file);
    },
  });
};
