/** Images of containers, built and pushed by stacks that build. Imports nothing of ours. */
export { BuiltImages, type BuiltImagesArgs } from "./built-images.ts";
export { imagesToBuild, type ImageToBuild } from "./images-to-build.ts";
export { buildSettings, registryPasswordsSchema, type BuildSettings } from "./settings.ts";
export { builtReferencesSchema, type BuiltReferences } from "./references.ts";
