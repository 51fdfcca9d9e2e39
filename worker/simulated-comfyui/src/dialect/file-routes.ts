/** `/upload/image`, `/upload/mask`, `/view`, `/view_metadata`. */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { MultipartFile } from "@fastify/multipart";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { lookup } from "mime-types";
import sharp from "sharp";
import { z } from "zod";
import type { SimulatedParts } from "../app.ts";
import type { FolderType, Folders, SavedFile } from "../folders.ts";
import { folderTypes } from "../folders.ts";
import { ServerTrouble } from "./server-errors.ts";
import { annotatedPath } from "../nodes/load-nodes.ts";

/** Types that a browser would run: sent as plain bytes. */
const DANGEROUS = ["text/html", "application/xhtml+xml", "text/javascript", "text/css"];

const folderType = z.enum(folderTypes);

const viewQuery = z.object({
  filename: z.string(),
  type: folderType.default("output"),
  subfolder: z.string().default(""),
  preview: z.string().optional(),
  channel: z.string().default("rgba"),
});

export function fileRoutes(app: FastifyInstance, { folders, models }: SimulatedParts): void {
  app.post("/upload/image", async (request, reply) => {
    const upload = await readUpload(request);
    return storeUpload(folders, upload, reply, (bytes) => Promise.resolve(bytes));
  });

  // The mask's transparency is put into the picture that `original_ref` names.
  app.post("/upload/mask", async (request, reply) => {
    const upload = await readUpload(request);
    const original = originalPath(folders, upload.fields["original_ref"]);
    const bytes = original && (await readFile(original).catch(() => undefined));
    if (!bytes) return reply.code(400).send();
    return storeUpload(folders, upload, reply, (mask) => withAlphaOf(bytes, mask));
  });

  app.get("/view", async (request, reply) => {
    const parsed = viewQuery.safeParse(request.query);
    if (!parsed.success) return reply.code(missingFilename(request.query) ? 404 : 400).send();
    const { filename, type, subfolder, preview, channel } = parsed.data;
    if (filename === "") return reply.code(400).send();
    if (filename.startsWith("/") || filename.includes("..")) return reply.code(400).send();
    if (folders.confined(type, subfolder) === undefined) return reply.code(403).send();
    const file = folders.confined(type, subfolder, path.basename(filename));
    const bytes = file && (await readFile(file).catch(() => undefined));
    if (!bytes) return reply.code(404).send();
    void reply.header("content-disposition", `filename="${path.basename(file)}"`);
    return sendView(reply, file, bytes, preview, channel);
  });

  // A simulated model is a name: there is nothing in it to read. ComfyUI stumbles over an empty file.
  app.get<{ Params: { folder: string }; Querystring: { filename?: string } }>(
    "/view_metadata/:folder",
    (request, reply) => {
      const known = models.get(request.params.folder)?.includes(request.query.filename ?? "");
      if (known) throw new ServerTrouble("There is no file to read.");
      return reply.code(404).send();
    },
  );
}

const missingFilename = (query: unknown): boolean =>
  !z.object({ filename: z.string() }).safeParse(query).success;

async function sendView(
  reply: FastifyReply,
  file: string,
  bytes: Buffer,
  preview: string | undefined,
  channel: string,
) {
  if (preview !== undefined) {
    const [asked = "", quality = ""] = preview.split(";");
    const format = asked === "jpeg" && !channel.includes("a") ? "jpeg" : "webp";
    const options = { quality: /^\d+$/.test(quality) ? clamp(Number(quality), 1, 100) : 90 };
    const image = await sharp(bytes).toFormat(format, options).toBuffer();
    return reply.type(`image/${format}`).send(image);
  }
  if (channel === "rgb") {
    return reply.type("image/png").send(await sharp(bytes).removeAlpha().png().toBuffer());
  }
  if (channel === "a") {
    const alpha = await sharp(bytes).ensureAlpha().extractChannel("alpha").png().toBuffer();
    return reply.type("image/png").send(alpha);
  }
  const type = lookup(file) || "application/octet-stream";
  return reply.type(DANGEROUS.includes(type) ? "application/octet-stream" : type).send(bytes);
}

const clamp = (number: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, number));

interface Upload {
  readonly file: { readonly name: string; readonly bytes: Buffer } | undefined;
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads the form: the file `image`, and the fields. */
async function readUpload(request: FastifyRequest): Promise<Upload> {
  let file: Upload["file"];
  const fields: Record<string, string> = {};
  for await (const part of request.parts()) {
    if (part.type === "field") fields[part.fieldname] = String(part.value);
    else file = await keepImage(part, file);
  }
  return { file, fields };
}

async function keepImage(part: MultipartFile, before: Upload["file"]): Promise<Upload["file"]> {
  const bytes = await part.toBuffer();
  return part.fieldname === "image" ? { name: part.filename, bytes } : before;
}

/** Stores an upload: the same name with the same bytes is the same file, else `name (1).png`. */
async function storeUpload(
  folders: Folders,
  { file, fields }: Upload,
  reply: FastifyReply,
  prepare: (bytes: Buffer) => Promise<Buffer>,
) {
  const type = folderType.catch("input").parse(fields["type"] ?? "input");
  const subfolder = fields["subfolder"] ?? "";
  if (!file?.name || folders.confined(type, subfolder, file.name) === undefined) {
    return reply.code(400).send();
  }
  const overwrite = ["true", "1"].includes(fields["overwrite"] ?? "");
  const directory = folders.confined(type, subfolder);
  if (directory === undefined) return reply.code(400).send();
  await mkdir(directory, { recursive: true });
  const bytes = await prepare(file.bytes);
  const name = overwrite ? file.name : await freeName(directory, file.name, bytes);
  await writeFile(path.join(directory, name), bytes);
  return { name, subfolder, type };
}

async function freeName(directory: string, wanted: string, bytes: Buffer): Promise<string> {
  const { name, ext } = path.parse(wanted);
  for (let counter = 0; ; counter += 1) {
    const candidate = counter === 0 ? wanted : `${name} (${counter})${ext}`;
    const present = await readFile(path.join(directory, candidate)).catch(() => undefined);
    if (!present || digest(present) === digest(bytes)) return candidate;
  }
}

const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

const originalReference = z.object({
  filename: z.string().min(1),
  subfolder: z.string().default(""),
  type: folderType.default("output"),
});

function originalPath(folders: Folders, reference: string | undefined): string | undefined {
  try {
    const { filename, subfolder, type } = originalReference.parse(JSON.parse(reference ?? ""));
    if (filename.startsWith("/") || filename.includes("..")) return undefined;
    const file: SavedFile & { type: FolderType } = { filename, subfolder, type };
    return annotatedPath(
      folders,
      `${path.posix.join(file.subfolder, file.filename)} [${file.type}]`,
    );
  } catch {
    return undefined;
  }
}

async function withAlphaOf(original: Buffer, mask: Buffer): Promise<Buffer> {
  const picture = sharp(original);
  const { width, height } = await picture.metadata();
  const alpha = await sharp(mask)
    .ensureAlpha()
    .resize(width, height, { fit: "fill" })
    .extractChannel("alpha")
    .raw()
    .toBuffer();
  const raw = { width, height, channels: 1 } as const;
  // Two steps: in one, sharp takes the alpha channel away after it was joined.
  const opaque = await picture.removeAlpha().toColourspace("srgb").png().toBuffer();
  return sharp(opaque).joinChannel(alpha, { raw }).png().toBuffer();
}
