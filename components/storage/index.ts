/** Where models, images and backups are kept when no machine is rented. Imports nothing of ours. */
export { ModelVault, type Credentials } from "./model-vault.ts";
export { bucketNames, bucketRoles, vaultSettingsSchema } from "./settings.ts";
export type { BucketRole, VaultSettings } from "./settings.ts";
