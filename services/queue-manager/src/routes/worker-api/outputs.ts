/**
 * `PUT /internal/v1/jobs/:job/outputs`: a file that a job made, verified byte by byte. One that broke
 * off goes on with `content-range`, at the byte that `HEAD` names in `upload-offset`; when that is the
 * file's size, a PUT without a body ends it.
 */
import path from "node:path";
import type { Readable } from "node:stream";
import type { UserId } from "@comfymulti/queue";
import { errors, GatewayError } from "../../errors.ts";
import type { PartialFile } from "../../files/partial-file.ts";
import { PartialUploads, uploadErrors, type OpenUpload } from "../../files/partial-uploads.ts";
import { findPlaced, outputNames, placeFile } from "../../files/place-file.ts";
import { sweepRegularly } from "../../files/sweep-partial-files.ts";
import type { Route } from "../../gateway.ts";
import { OUTPUT_BYTES } from "../../limits.ts";
import { heldJob } from "./held-job.ts";
import { parseQuestion, parseUpload, type UploadTarget } from "./upload-request.ts";

const PATH = "/jobs/:job/outputs";

export const outputsRoute: Route = (app, { queue, files }) => {
  const uploads = new PartialUploads(() => files.partialDirectory());
  sweepRegularly(app, () => files.partialDirectory());

  const folderOf = (user: UserId, { name }: UploadTarget) => path.dirname(files.path(user, name));

  const findStored = (user: UserId, target: UploadTarget) => {
    const { sha256, size: bytes } = target.upload;
    return findPlaced({ bytes, sha256 }, folderOf(user, target), target.name.filename, outputNames);
  };

  app.head<{ Params: { job: string } }>(PATH, async (request, reply) => {
    const target = parseQuestion(request);
    const { user } = await heldJob(queue, target.holder);
    const stored = (await findStored(user, target)) !== undefined;
    const offset = stored ? target.upload.size : await uploads.kept(target.upload);
    return reply.header("upload-offset", offset).send();
  });

  app.put<{ Params: { job: string } }>(
    PATH,
    { bodyLimit: OUTPUT_BYTES },
    async (request, reply) => {
      const target = parseUpload(request);
      const { holder, name, upload, from } = target;
      const { user } = await heldJob(queue, holder);
      const answer = (filename: string) =>
        reply.code(201).send({ filename, subfolder: name.subfolder, type: name.type });
      if (from > 0 && from === upload.size) {
        // The file is in its place when only the last answer got lost.
        const stored = await findStored(user, target);
        if (stored !== undefined) return answer(stored);
      }

      const partial = await uploads.open(upload, from);
      const body = (request.body ?? request.raw) as Readable;
      const file = await receive(partial, body, () => request.raw.complete);
      try {
        if (file.bytes !== upload.size || file.sha256 !== upload.sha256) {
          throw errors.checksumMismatch(
            `Expected ${upload.size} bytes and sha256 ${upload.sha256}, got ${file.bytes} and ${file.sha256}.`,
          );
        }
        // A long upload may outlive its lease.
        await heldJob(queue, holder);
        return await answer(
          await placeFile(file, folderOf(user, target), name.filename, outputNames),
        );
      } finally {
        await partial.remove();
      }
    },
  );
};

/** What came before a fault stays. */
async function receive(
  partial: OpenUpload,
  body: Readable,
  isComplete: () => boolean,
): Promise<PartialFile> {
  try {
    return await partial.receive(body);
  } catch (error) {
    await partial.keep();
    throw error instanceof GatewayError || isComplete() ? error : uploadErrors.brokenOff();
  }
}
