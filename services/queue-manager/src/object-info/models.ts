/** The model folders of a worker, read off the loaders' lists in its object_info. */
import { comboOptions, readInputSpec, type ObjectInfo } from "@comfymulti/workflows";

/**
 * ComfyUI's folder names in its own order (0.11.1), with the loader input that lists the folder.
 * Folders without such a loader are shown and empty.
 */
const FOLDERS: readonly (readonly [folder: string, classType?: string, input?: string])[] = [
  ["checkpoints", "CheckpointLoaderSimple", "ckpt_name"],
  ["configs", "CheckpointLoader", "config_name"],
  ["loras", "LoraLoader", "lora_name"],
  ["vae", "VAELoader", "vae_name"],
  ["text_encoders", "CLIPLoader", "clip_name"],
  ["diffusion_models", "UNETLoader", "unet_name"],
  ["clip_vision", "CLIPVisionLoader", "clip_name"],
  ["style_models", "StyleModelLoader", "style_model_name"],
  ["embeddings"],
  ["diffusers", "DiffusersLoader", "model_path"],
  ["vae_approx"],
  ["controlnet", "ControlNetLoader", "control_net_name"],
  ["gligen", "GLIGENLoader", "gligen_name"],
  ["upscale_models", "UpscaleModelLoader", "model_name"],
  ["latent_upscale_models", "LatentUpscaleModelLoader", "model_name"],
  ["custom_nodes"],
  ["hypernetworks", "HypernetworkLoader", "hypernetwork_name"],
  ["photomaker", "PhotoMakerLoader", "photomaker_model_name"],
  ["classifiers"],
  ["model_patches", "ModelPatchLoader", "name"],
  ["audio_encoders", "AudioEncoderLoader", "audio_encoder_name"],
];

/** Names of all model folders. */
export const modelFolders: readonly string[] = FOLDERS.map(([folder]) => folder);

/** File names in a model folder; undefined for an unknown folder. */
export function modelsIn(objectInfo: ObjectInfo, folder: string): readonly string[] | undefined {
  const known = FOLDERS.find(([name]) => name === folder);
  if (!known) return undefined;
  const [, classType = "", input = ""] = known;
  const spec = readInputSpec(objectInfo[classType]?.input.required?.[input]);
  const options = (spec && comboOptions(spec)) ?? [];
  return options.filter((option): option is string => typeof option === "string");
}
