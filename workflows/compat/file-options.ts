/**
 * Combo inputs whose options are files on the server's disk. They differ from machine to machine,
 * so they are no part of a node's definition, and a template's model may be allowed by name.
 *
 * Where the table comes from: the captured object_info of 0.9.2 and 0.11.1 was taken on a machine
 * without models, so an empty list of options is a folder listing; the rest was read by hand.
 * The rule covers loaders of custom nodes as well, which no table can name.
 */
import type { InputSpec, NodeDefinition, ObjectInfo } from "./object-info.ts";
import { comboOptions, readInputSpec } from "./object-info.ts";

/** Options lists that come from disk although the rule below does not see it, by `class_type`. */
const FILE_INPUTS: Readonly<Record<string, readonly string[]>> = {
  CheckpointLoader: ["config_name"],
  DiffusersLoader: ["model_path"],
  GeminiInputFiles: ["file"],
  LTXAVTextEncoderLoader: ["text_encoder"],
  Load3D: ["model_file"],
  LoadLatent: ["latent"],
  ModelPatchLoader: ["name"],
  OpenAIInputFiles: ["file"],
  TrainLoraNode: ["existing_lora"],
};

/** Those of them that list the input folder, which on a shared worker is the user's own. */
const INPUT_FOLDER: Readonly<Record<string, readonly string[]>> = {
  GeminiInputFiles: ["file"],
  Load3D: ["model_file"],
  LoadLatent: ["latent"],
  OpenAIInputFiles: ["file"],
};

/** Input options with which a node lets the user upload into the folder it lists. */
const UPLOADS = ["image_upload", "video_upload", "audio_upload", "file_upload"];

/** `ckpt_name`, `clip_name2`, `vae_name`, … of a node whose type says that it loads something. */
const LOADED_NAME = /_name\d?$/;
const LOADS = /Loader|Lora/;

/** Whether the combo offers files of the server's disk: models, or uploads. */
export function listsFiles(classType: string, inputName: string, spec: InputSpec): boolean {
  if (comboOptions(spec) === undefined) return false;
  if (FILE_INPUTS[classType]?.includes(inputName)) return true;
  if (listsUploads(classType, inputName, spec)) return true;
  return LOADED_NAME.test(inputName) && LOADS.test(classType);
}

/** Whether the combo offers what users uploaded. */
export function listsUploads(classType: string, inputName: string, spec: InputSpec): boolean {
  if (comboOptions(spec) === undefined) return false;
  if (INPUT_FOLDER[classType]?.includes(inputName)) return true;
  return UPLOADS.some((option) => spec.options[option] === true);
}

/**
 * A copy of an object_info whose model loaders also offer these file names: what a machine with
 * the models on its disk would answer. Inputs that list uploads stay as they are. Every loader
 * gets every name; which folder a file lies in is not known here.
 */
export function withModels(objectInfo: ObjectInfo, models: readonly string[]): ObjectInfo {
  return Object.fromEntries(
    Object.entries(objectInfo).map(([classType, definition]) => [
      classType,
      { ...definition, input: withModelsInInputs(classType, definition.input, models) },
    ]),
  );
}

function withModelsInInputs(
  classType: string,
  input: NodeDefinition["input"],
  models: readonly string[],
): NodeDefinition["input"] {
  const result = { ...input };
  for (const category of ["required", "optional"] as const) {
    const specs = input[category];
    if (!specs) continue;
    result[category] = Object.fromEntries(
      Object.entries(specs).map(([name, spec]) => [
        name,
        withModelsInSpec(classType, name, spec, models),
      ]),
    );
  }
  return result;
}

function withModelsInSpec(
  classType: string,
  name: string,
  raw: unknown,
  models: readonly string[],
): unknown {
  const spec = readInputSpec(raw);
  if (!spec || !listsFiles(classType, name, spec) || listsUploads(classType, name, spec))
    return raw;
  const options = [...new Set([...(comboOptions(spec) ?? []), ...models])];
  return typeof spec.type === "string"
    ? [spec.type, { ...spec.options, options }]
    : [options, spec.options];
}
