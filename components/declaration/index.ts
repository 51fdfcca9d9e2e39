export { backupParts, declarationSchema, stackKinds } from "./declaration.ts";
export type { DeclarationArgs, DeclaredPlatform, StackKind } from "./declaration.ts";
export { policyLevelsSchema } from "./policy-levels.ts";
export type { PolicyLevel, PolicyLevels } from "./policy-levels.ts";
export { Declaration } from "./resource.ts";
export { looksSecret, plainSecrets } from "./secret-looking.ts";
