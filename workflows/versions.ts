/**
 * Which frontend and templates packages each ComfyUI release requires (its `requirements.txt`), and
 * the exact wheel of the frontend on PyPI: file name and the sha256 that PyPI's index states.
 */
import { z } from "zod";
import pins from "./versions.json" with { type: "json" };

const version = z.string().regex(/^\d+\.\d+\.\d+$/);

/** The packages that belong to one ComfyUI version. */
export const versionPinSchema = z.strictObject({
  /** comfyui-frontend-package. It does not identify ComfyUI: two releases may share one. */
  frontendPackage: version,
  /** comfyui-workflow-templates. */
  templatesPackage: version,
  /** The frontend's wheel; absent where its sum was not taken. */
  wheel: z
    .strictObject({
      filename: z.string().regex(/^[\w.-]+\.whl$/),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    })
    .optional(),
});

export type VersionPin = z.infer<typeof versionPinSchema>;

/** By ComfyUI version, oldest first. From `versions.json`. */
export const comfyuiVersions: Readonly<Record<string, VersionPin>> = z
  .record(version, versionPinSchema)
  .parse(pins);
