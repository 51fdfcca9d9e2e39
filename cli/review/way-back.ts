/** Where a rollback would lead, and whether what it needs is there. */
import type { Settings } from "../../stacks/settings.ts";
import { allVersionsInUse, upgradedServices, type VersionSettings } from "../upgrade/versions.ts";

export interface WayBack {
  readonly service: string;
  readonly version: string;
  /** By digest; undefined for a stack on this machine, which needs none. */
  readonly image: string | undefined;
  readonly isThere: boolean;
}

type Needed = VersionSettings & Pick<Settings, "kind" | "images" | "frontendEngine">;

/** Every version that runs now. */
export function waysBack(settings: Needed): WayBack[] {
  const versions = allVersionsInUse(settings);
  return upgradedServices.flatMap((service) =>
    versions[service].map((version) => {
      const kind =
        service === "frontend" && settings.frontendEngine !== "light" ? "comfyuiFrontend" : service;
      const image = settings.images?.[kind][version];
      return { service, version, image, isThere: settings.kind === "local" || image !== undefined };
    }),
  );
}
