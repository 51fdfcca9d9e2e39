/**
 * Nodes that judge some inputs in their own Python code, so that ComfyUI's list and range checks
 * do not apply to them. object_info does not tell which. CustomCombo is confirmed by a recorded
 * prompt; the upload nodes follow ComfyUI's `VALIDATE_INPUTS` and were not recorded.
 */
import { listsUploads } from "./file-options.ts";
import type { LiveInput } from "./dynamic-inputs.ts";
import type { InputError } from "./verdict.ts";

/** Nodes whose every input is exempt. */
const EXEMPT_NODES = new Set(["CustomCombo"]);

/** Loads a picture taken by the browser: a file in the user's input folder, not a combo. */
const UPLOADED_INPUTS: Readonly<Record<string, readonly string[]>> = { WebcamCapture: ["image"] };

/** What ComfyUI calls the file in its refusal. */
const FILE_KINDS: Readonly<Record<string, string>> = {
  LoadAudio: "audio",
  LoadVideo: "video",
  LoadLatent: "latent",
};

/** Whether the input names a file that a user uploaded. */
export function isUploadedFile(classType: string, { name, spec }: LiveInput): boolean {
  return (
    listsUploads(classType, name, spec) || (UPLOADED_INPUTS[classType]?.includes(name) ?? false)
  );
}

/** Whether list and range checks are left out for this input. */
export function judgesItself(classType: string, input: LiveInput): boolean {
  return EXEMPT_NODES.has(classType) || isUploadedFile(classType, input);
}

/** ComfyUI's refusal of a file that does not exist. */
export function missingFile(classType: string, { name }: LiveInput, file: string): InputError {
  return {
    type: "custom_validation_failed",
    message: "Custom validation failed for node",
    details: `${name} - Invalid ${FILE_KINDS[classType] ?? "image"} file: ${file}`,
    extra_info: { input_name: name },
  };
}
