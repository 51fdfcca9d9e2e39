/** What a worker says of an upload in query and headers, checked. */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { parseBody } from "../../comfyui/parse-json.ts";
import { errors } from "../../errors.ts";
import type { UploadIdentity } from "../../files/partial-uploads.ts";
import { parseFileName, type FileName } from "../../files/user-files.ts";
import { OUTPUT_BYTES } from "../../limits.ts";

const querySchema = z.object({
  attempt: z.coerce.number().int().positive(),
  filename: z.string(),
  subfolder: z.string().default(""),
  type: z.enum(["output", "temp"]),
});

const bytesSchema = z
  .string({ error: "must be a number of bytes" })
  .regex(/^\d{1,15}$/, "must be a number of bytes")
  .transform(Number);

const sha256Schema = z
  .string({ error: "must be a sha256 in hex" })
  .regex(/^[0-9a-f]{64}$/i, "must be a sha256 in hex")
  .transform((digits) => digits.toLowerCase());

const askedSchema = z.object({ "x-content-sha256": sha256Schema, "x-content-size": bytesSchema });

const sentSchema = z.object({
  "x-content-sha256": sha256Schema,
  "content-length": bytesSchema,
  "content-range": z.string().optional(),
});

export interface UploadTarget {
  readonly holder: { readonly worker: string; readonly job: string; readonly attempt: number };
  readonly name: FileName;
  readonly upload: UploadIdentity;
}

type JobRequest = FastifyRequest<{ Params: { job: string } }>;

/** Of a HEAD: which upload is meant. Throws 400, or 413 for a size that is never taken. */
export function parseQuestion(request: JobRequest): UploadTarget {
  const headers = parseBody(askedSchema, request.headers);
  return target(request, headers["x-content-sha256"], headers["x-content-size"]);
}

/**
 * Of a PUT: which upload is meant, and at which byte its body begins; the size itself when nothing is
 * left to send. Throws 400, or 413 for a size that is never taken.
 */
export function parseUpload(request: JobRequest): UploadTarget & { readonly from: number } {
  const headers = parseBody(sentSchema, request.headers);
  const length = headers["content-length"];
  const range = headers["content-range"];
  const { from, size } =
    range === undefined ? { from: 0, size: length } : parseContentRange(range, length);
  return { ...target(request, headers["x-content-sha256"], size), from };
}

function target(request: JobRequest, sha256: string, size: number): UploadTarget {
  const { attempt, ...name } = parseBody(querySchema, request.query);
  if (size > OUTPUT_BYTES) throw errors.tooLarge(OUTPUT_BYTES);
  const { worker } = request;
  const { job } = request.params;
  return {
    holder: { worker, job, attempt },
    name: parseFileName(name),
    upload: { job, sha256, size },
  };
}

/** `bytes a-b/size` with `b` the last byte, or `bytes *` and the size without a body. */
function parseContentRange(header: string, length: number): { from: number; size: number } {
  const match = /^bytes (?:(?<first>\d{1,15})-(?<last>\d{1,15})|\*)\/(?<size>\d{1,15})$/.exec(
    header,
  );
  const size = Number(match?.groups?.["size"]);
  const from = Number(match?.groups?.["first"] ?? size);
  const last = Number(match?.groups?.["last"] ?? size - 1);
  // NaN, which stands for anything else, equals nothing.
  if (size === 0 || last !== size - 1 || from + length !== size) {
    throw errors.badRequest(
      "content-range must be 'bytes FIRST-LAST/SIZE' up to the file's last byte, and content-length must fit it.",
    );
  }
  return { from, size };
}
