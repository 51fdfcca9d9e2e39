/** Public face of the package. */
export { placeEditorFiles } from "./editor-files.ts";
export { renderGatewayToken, renderNginxConfig } from "./render.ts";
export { nginxSettingsSchema } from "./settings.ts";
export type { NginxSettings, NginxSettingsInput } from "./settings.ts";
