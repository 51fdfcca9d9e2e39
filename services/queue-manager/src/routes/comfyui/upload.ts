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
import { parseFileName, type FileName } from "../../files/user-files.ts";
import type { Gateway, Route } from "../../gateway.ts";
import { JSON_BODY_BYTES, UPLOAD_BYTES } from "../../limits.ts";

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

/** Reads the whole form; the fields may come after the file. */
async function receiveUpload(request: FastifyRequest, { files }: Gateway): Promise<Upload> {
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
  { files }: Gateway,
  { filename, fields }: Upload,
  file: PartialFile,
): Promise<{ name: string; subfolder: string; type: string }> {
  // Browsers on Windows send no path either, but old libraries do.
  const wanted = parseFileName({ ...fields, filename: path.posix.basename(filename) });
  const folder = path.dirname(files.path(request.user.id, wanted));
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
      "The original picture is missing, no picture, or of another size than the mask.",
    );
  });
  return receiveFile(Readable.from([masked]), await files.partialDirectory(), UPLOAD_BYTES);
}

async function combine(original: string, mask: string): Promise<Buffer> {
  const alpha = await sharp(mask)
    .ensureAlpha()
    .extractChannel("alpha")
    .raw()
    .toBuffer({ resolveWithObject: true });
  // A step of its own: within one pipeline sharp would take the joined channel away again.
  const colours = await sharp(original)
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
