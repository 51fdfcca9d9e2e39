/** The node definitions that a command is told: a captured version, or a file. */
import {
  CaptureError,
  capturedVersions,
  capturedVersionSchema,
  loadObjectInfo,
  readObjectInfoFile,
  type ObjectInfo,
} from "@comfymulti/workflows";
import { VisibleError } from "../visible-error.ts";

export interface ObjectInfoSource {
  /** For people: `ComfyUI 0.11.1`, or the file's name. */
  readonly name: string;
  readonly objectInfo: ObjectInfo;
  /** A capture lists no model files. */
  readonly captured: boolean;
}

/** @param given `0.11.1`, or the path of what `GET /object_info` answered. Throws VisibleError. */
export function objectInfoSource(given: string): ObjectInfoSource {
  if (capturedVersionSchema.safeParse(given).success) {
    if (!capturedVersions().includes(given)) {
      throw new VisibleError(
        `The node definitions of ComfyUI ${given} are not captured (${capturedVersions().join(", ")} are): run npx comfymulti capture URL against a ComfyUI of that version.`,
      );
    }
    return { name: `ComfyUI ${given}`, objectInfo: loadObjectInfo(given), captured: true };
  }
  try {
    return { name: given, objectInfo: readObjectInfoFile(given), captured: false };
  } catch (error) {
    if (error instanceof CaptureError) throw new VisibleError(error.message);
    throw error;
  }
}

export const newestCapture = (): string => capturedVersions().at(-1) ?? "";
