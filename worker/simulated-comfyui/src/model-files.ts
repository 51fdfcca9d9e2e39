/**
 * Which model files the simulated machine claims to have. None of them exists: each is a name and a
 * size that the simulated VRAM is charged with. The names are those that the workshop's templates say they load.
 */
import { comboOptions, readInputSpec, templates } from "@comfymulti/workflows";
import type { ObjectInfo } from "@comfymulti/workflows";

/** ComfyUI's model folders, in the order of `GET /models` of a plain 0.11.1. */
export const modelFolders = [
  "checkpoints",
  "configs",
  "loras",
  "vae",
  "text_encoders",
  "diffusion_models",
  "clip_vision",
  "style_models",
  "embeddings",
  "diffusers",
  "vae_approx",
  "controlnet",
  "gligen",
  "upscale_models",
  "latent_upscale_models",
  "custom_nodes",
  "hypernetworks",
  "photomaker",
  "classifiers",
  "model_patches",
  "audio_encoders",
] as const;

/** Loader inputs that the simulator can serve: `class_type.input` → folder whose files it lists. */
const LOADER_INPUTS: Readonly<Record<string, (typeof modelFolders)[number]>> = {
  "CheckpointLoaderSimple.ckpt_name": "checkpoints",
  "LTXAVTextEncoderLoader.ckpt_name": "checkpoints",
  "LTXAVTextEncoderLoader.text_encoder": "text_encoders",
  "LTXVAudioVAELoader.ckpt_name": "checkpoints",
  "LatentUpscaleModelLoader.model_name": "latent_upscale_models",
  "LoraLoader.lora_name": "loras",
  "LoraLoaderModelOnly.lora_name": "loras",
  "UNETLoader.unet_name": "diffusion_models",
  "CLIPLoader.clip_name": "text_encoders",
  "DualCLIPLoader.clip_name1": "text_encoders",
  "DualCLIPLoader.clip_name2": "text_encoders",
  "VAELoader.vae_name": "vae",
};

/** Folder → file names. */
export type ModelFiles = ReadonlyMap<string, readonly string[]>;

/** The files that the templates name, and `extra` ones for tests (`{checkpoints: ["a"]}`). */
export function declaredModels(extra: Readonly<Record<string, readonly string[]>>): ModelFiles {
  const files = new Map<string, Set<string>>(modelFolders.map((folder) => [folder, new Set()]));
  for (const [folder, names] of Object.entries(extra)) {
    for (const name of names) files.get(folder)?.add(name);
  }
  for (const { models } of templates) {
    for (const { folder, name } of models) files.get(folder)?.add(name);
  }
  return new Map([...files].map(([folder, names]) => [folder, [...names].sort()]));
}

/** A copy of an object_info whose loaders list these models and whose LoadImage lists the uploads. */
export function withFiles(
  objectInfo: ObjectInfo,
  models: ModelFiles,
  inputFiles: readonly string[],
): ObjectInfo {
  const result: ObjectInfo = { ...objectInfo };
  for (const [place, folder] of Object.entries(LOADER_INPUTS)) {
    offer(result, place, models.get(folder) ?? [], "add");
  }
  for (const place of ["LoadImage.image", "LoadImageMask.image"]) {
    offer(result, place, inputFiles, "replace");
  }
  return result;
}

function offer(
  objectInfo: ObjectInfo,
  place: string,
  files: readonly string[],
  how: "add" | "replace",
): void {
  const [classType = "", input = ""] = place.split(".");
  const definition = objectInfo[classType];
  const spec = readInputSpec(definition?.input.required?.[input]);
  if (!definition || !spec) return;
  const kept = how === "add" ? (comboOptions(spec) ?? []) : [];
  const options = [...new Set([...files, ...kept])];
  const changed =
    typeof spec.type === "string"
      ? [spec.type, { ...spec.options, options }]
      : [options, spec.options];
  objectInfo[classType] = {
    ...definition,
    input: { ...definition.input, required: { ...definition.input.required, [input]: changed } },
  };
}
