/** Whether the stack's file is right: everything else depends on it. */
import { SettingsError, type Settings } from "../../../stacks/settings.ts";
import { readSettings } from "../../stack-settings.ts";
import { fault, fine, type Finding } from "../check.ts";

/** @throws VisibleError where there is no such file */
export function lookAtSettings(stackName: string): {
  findings: readonly Finding[];
  settings?: Settings;
} {
  try {
    return { settings: readSettings(stackName), findings: [fine("no faults")] };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const cure = `Change it in Pulumi.${stackName}.yaml; docs/configuration.md has every setting.`;
    return { findings: error.faults.map((sentence) => fault(sentence, cure)) };
  }
}
