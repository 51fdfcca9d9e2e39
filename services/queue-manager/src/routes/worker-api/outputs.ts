/** `PUT /internal/v1/jobs/:job/outputs`: a file that a job made, verified byte by byte. */
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { z } from "zod";
import { parseBody } from "../../comfyui/parse-json.ts";
import { errors } from "../../errors.ts";
import { receiveFile } from "../../files/partial-file.ts";
import { outputNames, placeFile } from "../../files/place-file.ts";
import { parseFileName } from "../../files/user-files.ts";
import type { Route } from "../../gateway.ts";
import { OUTPUT_BYTES } from "../../limits.ts";
import { heldJob } from "./held-job.ts";

const querySchema = z.object({
  attempt: z.coerce.number().int().positive(),
  filename: z.string(),
  subfolder: z.string().default(""),
  type: z.enum(["output", "temp"]),
});

const headersSchema = z.object({
  "content-length": z.coerce.number().int().nonnegative(),
  "x-content-sha256": z.string().regex(/^[0-9a-f]{64}$/i, "must be a sha256 in hex"),
});

export const outputsRoute: Route = (app, { queue, files }) => {
  app.put<{ Params: { job: string } }>(
    "/jobs/:job/outputs",
    { bodyLimit: OUTPUT_BYTES },
    async (request, reply) => {
      const query = parseBody(querySchema, request.query);
      const headers = parseBody(headersSchema, request.headers);
      const name = parseFileName(query);
      const size = headers["content-length"];
      if (size > OUTPUT_BYTES) throw errors.tooLarge(OUTPUT_BYTES);
      const holder = {
        worker: request.worker,
        job: request.params.job,
        attempt: query.attempt,
      };
      await heldJob(queue, holder);

      const body = (request.body ?? request.raw) as Readable;
      const file = await receiveFile(body, await files.partialDirectory(), OUTPUT_BYTES);
      try {
        if (file.bytes !== size || file.sha256 !== headers["x-content-sha256"].toLowerCase()) {
          throw errors.checksumMismatch(
            `Expected ${size} bytes and sha256 ${headers["x-content-sha256"]}, got ${file.bytes} and ${file.sha256}.`,
          );
        }
        // A long upload may outlive its lease.
        const { user } = await heldJob(queue, holder);
        const folder = path.dirname(files.path(user, name));
        const filename = await placeFile(file, folder, name.filename, outputNames);
        return await reply.code(201).send({ filename, subfolder: name.subfolder, type: name.type });
      } finally {
        await rm(file.path, { force: true });
      }
    },
  );
};
