/** `comfymulti-worker verify-deployment`: eight checks of this machine, for people or as JSON. */
import {
  ConfigurationError,
  CONFIGURATION_ERROR_EXIT_CODE,
  readEnvironment,
} from "@comfymulti/configuration";
import { Command } from "commander";
import { runChecks } from "../verify-deployment/check.ts";
import { deploymentChecks } from "../verify-deployment/deployment.ts";
import { isUsable, reportText } from "../verify-deployment/report.ts";
import { verifySettingsSchema } from "../verify-deployment/settings.ts";
import type { VerifySettings } from "../verify-deployment/settings.ts";

/** Sets the exit code: 0 when nothing failed, 1 when something did, 78 when a setting is no setting. */
export function verifyDeploymentCommand(): Command {
  return new Command("verify-deployment")
    .description("look whether this worker can do its work, and say what to do if not")
    .option("--json", "for machines: JSON on stdout")
    .action(async ({ json }: { json?: true }) => {
      const settings = settingsOrFaults();
      if (!settings) return;
      const results = await runChecks(deploymentChecks(settings));
      const usable = isUsable(results);
      const text = json ? JSON.stringify({ usable, checks: results }) : reportText(results);
      process.stdout.write(`${text}\n`);
      process.exitCode = usable ? 0 : 1;
    });
}

function settingsOrFaults(): VerifySettings | undefined {
  try {
    return readEnvironment(verifySettingsSchema, process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const fault of error.faults) process.stderr.write(`${fault}\n`);
    process.exitCode = CONFIGURATION_ERROR_EXIT_CODE;
    return undefined;
  }
}
