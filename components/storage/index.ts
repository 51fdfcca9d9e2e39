/** Where models, images and backups are kept when no machine is rented. Imports `bootstrap`. */
export { imageAt, imageSchema, IMAGES_PREFIX, localNameOf, objectKeyOf } from "./archived-image.ts";
export { readArchivedImage, referenceOf, type ArchivedImage } from "./archived-image.ts";
export { MachineImages, type MachineImagesArgs, type ReadableBucket } from "./machine-images.ts";
export { ModelVault, type Credentials } from "./model-vault.ts";
export { bucketNames, bucketRoles, vaultSettingsSchema } from "./settings.ts";
export type { BucketRole, VaultSettings } from "./settings.ts";
