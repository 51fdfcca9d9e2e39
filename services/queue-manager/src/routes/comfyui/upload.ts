/** `upload/image` and `upload/mask`: files from the editor into the user's own folders. */
import { rm } from "node:fs/promises";
import path from "node:path";
import multipart from "@fastify/multipart";
import type { FastifyRequest } from "fastify";
import sharp from "sharp";
import { z } from "zod";
import { Readable } from "node:stream";
import { parseBody, parseJson } from "../../comfyui/parse-json.ts";
import { errors } from "../../errors.ts";
import { receiveFile, type PartialFile } from "../../files/partial-file.ts";
import { placeFile, replaceFile, uploadNames } from "../../files/place-file.ts";
import { requireUploadSpace } from "../../files/upload-quota.ts";
import { parseFileName, type FileName } from "../../files/user-files.ts";
import type { Gateway, Route } from "../../gateway.ts";
import { JSON_BODY_BYTES, PICTURE_PIXELS, UPLOAD_BYTES } from "../../limits.ts";

const fieldsSchema = z.object({
  type: z.string().default("input"),
  subfolder: z.string().default(""),
  overwrite: z.string().optional(),
  /** JSON of the picture that a mask belongs to. */
  original_ref: z.string().optional(),
});

const originalSchema = z.object({
  filename: z.string(),
  subfolder: z.string().optional(),
  type: z.string().default("output"),
});

/** What a form adds to its file: boundaries and small fields. */
const FORM_BYTES = 16 * 1024;

interface Upload {
  readonly file: PartialFile;
  readonly filename: string;
  readonly fields: z.infer<typeof fieldsSchema>;
}

export const uploadRoutes: Route = (app, gateway) => {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    await scope.register(multipart, {
      limits: { files: 1, fields: 8, fieldSize: JSON_BODY_BYTES, fileSize: UPLOAD_BYTES + 1 },
    });
    scope.post("/upload/image", { bodyLimit: UPLOAD_BYTES * 2 }, async (request) => {
      const upload = await receiveUpload(request, gateway);
      try {
        return await store(request, gateway, upload, upload.file);
      } finally {
        await rm(upload.file.path, { force: true });
      }
    });
    scope.post("/upload/mask", { bodyLimit: UPLOAD_BYTES * 2 }, async (request) => {
      const upload = await receiveUpload(request, gateway);
      try {
        const masked = await applyMask(request, gateway, upload);
        try {
          return await store(request, gateway, upload, masked);
        } finally {
          await rm(masked.path, { force: true });
        }
      } finally {
        await rm(upload.file.path, { force: true });
      }
    });
  });
};

/**
 * Reads the whole form; the fields may come after the file. Its length is announced as a rule, so that
 * a full folder refuses before it is read; where it goes is known only at the end.
 */
async function receiveUpload(request: FastifyRequest, gateway: Gateway): Promise<Upload> {
  const { files } = gateway;
  const announced = Number(request.headers["content-length"] ?? 0);
  await requireUploadSpace({
    folder: files.root(request.user.id, "input"),
    fileBytes: Math.max(0, announced - FORM_BYTES),
    quotaBytes: gateway.environment.USER_UPLOAD_BYTES,
  });
  const fields: Record<string, string> = {};
  let received: { file: PartialFile; filename: string } | undefined;
  try {
    for await (const part of request.parts()) {
      if (part.type === "field") {
        if (typeof part.value === "string") fields[part.fieldname] = part.value;
      } else {
        const file = await receiveFile(part.file, await files.partialDirectory(), UPLOAD_BYTES);
        received = { file, filename: part.filename };
      }
    }
    if (!received?.filename) throw errors.badRequest("Send the file as the form field 'image'.");
    return { ...received, fields: parseBody(fieldsSchema, fields) };
  } catch (error) {
    if (received) await rm(received.file.path, { force: true });
    throw error;
  }
}

async function store(
  request: FastifyRequest,
  { files, environment }: Gateway,
  { filename, fields }: Upload,
  file: PartialFile,
): Promise<{ name: string; subfolder: string; type: string }> {
  // Browsers on Windows send no path either, but old libraries do.
  const wanted = parseFileName({ ...fields, filename: path.posix.basename(filename) });
  const folder = path.dirname(files.path(request.user.id, wanted));
  await requireUploadSpace({
    folder: files.root(request.user.id, wanted.type),
    fileBytes: file.bytes,
    quotaBytes: environment.USER_UPLOAD_BYTES,
  });
  const { subfolder, type } = wanted;
  if (fields.overwrite === "true" || fields.overwrite === "1") {
    await replaceFile(file, folder, wanted.filename);
    return { name: wanted.filename, subfolder, type };
  }
  const name = await placeFile(file, folder, wanted.filename, uploadNames);
  return { name, subfolder, type };
}

/** The original picture with the transparency of the uploaded mask, as a new PNG. */
async function applyMask(
  request: FastifyRequest,
  { files }: Gateway,
  { file, fields }: Upload,
): Promise<PartialFile> {
  const original: FileName = parseFileName(
    parseBody(originalSchema, parseJson(fields.original_ref ?? "")),
  );
  const masked = await combine(files.path(request.user.id, original), file.path).catch(() => {
    throw errors.badRequest(
      "The original picture is missing, no picture, too large, or of another size than the mask.",
    );
  });
  return receiveFile(Readable.from([masked]), await files.partialDirectory(), UPLOAD_BYTES);
}

/** A small file can be a picture that fills the memory. */
const bounded = { limitInputPixels: PICTURE_PIXELS };

async function combine(original: string, mask: string): Promise<Buffer> {
  const alpha = await sharp(mask, bounded)
    .ensureAlpha()
    .extractChannel("alpha")
    .raw()
    .toBuffer({ resolveWithObject: true });
  // A step of its own: within one pipeline sharp would take the joined channel away again.
  const colours = await sharp(original, bounded)
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = colours.info;
  if (alpha.info.width !== width || alpha.info.height !== height) throw new Error("sizes differ");
  return sharp(colours.data, { raw: { width, height, channels: 3 } })
    .joinChannel(alpha.data, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}
