/**
 * The model files that the workshop's templates load: where each lies under the models directory,
 * how large it is, its checksum where known, and which template needs it.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";

/** `loras`, or `loras/ltx`: plain names, no way out of the models directory. */
const folderSchema = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_-]*)*$/,
    "must be a folder below the models directory: letters, digits, _ and -, parted by /",
  );

const nameSchema = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._-]*$/,
    "must be a file's name without a path: letters, digits, dot, _ and -",
  );

export const modelFileSchema = z.strictObject({
  /** Folder under the models directory, `checkpoints`. */
  folder: folderSchema,
  /** File name, as the graphs name it. */
  name: nameSchema,
  /** Size in bytes: exact unless `approximate`. */
  sizeBytes: z.int().positive(),
  /** The exact size is not known: what the bucket holds is taken, and no size is compared on disk. */
  approximate: z.literal(true).optional(),
  /** SHA-256 of the content, lower-case hex. Without it only the size can be verified. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits")
    .optional(),
  /** Page it was published on. */
  origin: z.url({ protocol: /^https$/ }).optional(),
  note: z.string().min(1).max(500).optional(),
});

export const modelManifestSchema = z
  .strictObject({
    files: z.array(modelFileSchema).max(1000),
    /** Template → the files it loads, as `folder/name`. */
    templates: z.record(z.string().min(1).max(100), z.array(z.string().max(401)).max(100)),
  })
  .superRefine(({ files, templates }, context) => {
    const known = new Set<string>();
    for (const [index, file] of files.entries()) {
      const path = modelPath(file);
      if (known.has(path)) {
        context.addIssue({ code: "custom", path: ["files", index], message: `${path} twice` });
      }
      known.add(path);
    }
    for (const [template, paths] of Object.entries(templates)) {
      for (const path of paths.filter((wanted) => !known.has(wanted))) {
        const message = `names ${path}, which is not among the files`;
        context.addIssue({ code: "custom", path: ["templates", template], message });
      }
    }
  });

export type ModelFile = z.infer<typeof modelFileSchema>;
export type ModelManifest = z.infer<typeof modelManifestSchema>;

/** `checkpoints/ltx-2-19b-dev-fp8.safetensors`: its place below the models directory. */
export const modelPath = (file: Pick<ModelFile, "folder" | "name">): string =>
  `${file.folder}/${file.name}`;

/** `workflows/models.json`. */
export const modelManifest: ModelManifest = modelManifestSchema.parse(
  JSON.parse(readFileSync(new URL("models.json", import.meta.url), "utf8")),
);
