/**
 * Stand-in provider plugins: rehearsals and tests name them in their project's `Pulumi.yaml`, set
 * `COMFYMULTI_REHEARSAL_DIR`, and read afterwards what was made.
 */
import path from "node:path";
import { standInNames } from "./schemas/declared-types.ts";

export { setAnswers, type Answer } from "./answers.ts";
export { setFaults, type Fault } from "./faults.ts";
export { readInventory, SECRET, type Inventory, type InventoryEntry } from "./inventory.ts";
export {
  COMMANDS_VARIABLE,
  DIRECTORY_VARIABLE,
  DOCKER_MACHINE_VARIABLE,
  DOCKER_VARIABLE,
} from "./settings.ts";

/** For `plugins.providers` of a `Pulumi.yaml`. */
export interface PluginPlace {
  readonly name: string;
  readonly path: string;
}

/** The stand-ins of all providers, by full path. */
export const standInPlugins = (): PluginPlace[] =>
  standInNames.map((name) => ({ name, path: path.join(import.meta.dirname, name) }));
