/** Whether what runs has the versions that the settings say. */
import { lightVersions } from "../../../components/app-server/index.ts";
import { frontendPlans, workerPlans } from "../../../stacks/plans.ts";
import type { Settings } from "../../../stacks/settings.ts";
import { liveStatus } from "../../live-status.ts";
import { fault, fine, upCure, type Check, type Finding } from "../check.ts";

export const versionsCheck: Check = {
  name: "versions",
  async look({ name, settings, platform, api }) {
    const [{ services }, workers] = await Promise.all([liveStatus(platform), api.workers()]);
    return versionFindings(settings, { services, workers }, name);
  },
};

export interface Running {
  readonly services: readonly { readonly name: string; readonly version?: string | undefined }[];
  readonly workers: readonly { readonly name: string; readonly comfyuiVersion: string }[];
}

export function versionFindings(
  settings: Settings,
  { services, workers }: Running,
  stackName: string,
): Finding[] {
  const others = workerPlans(settings).flatMap(({ name, version }) => {
    const runs = workers.find((worker) => worker.name === name)?.comfyuiVersion;
    return runs === undefined || runs === version
      ? []
      : [
          fault(
            `${name} runs ComfyUI ${runs}, and the settings say ${version}.`,
            upCure(stackName),
            "up",
          ),
        ];
  });
  const names = services.map(({ name }) => name);
  const editors = lightVersions(frontendPlans(settings))
    .filter((version) => !names.includes(`frontend-${version.replaceAll(".", "-")}`))
    .map((version) => fault(`No editor of ${version} runs.`, upCure(stackName), "up"));
  const all = [...others, ...editors];
  return all.length > 0 ? all : [fine("workers and editors are of the versions in the settings")];
}
