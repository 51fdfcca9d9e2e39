/** Which image each container of the app server runs, and who may fetch it. */
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { AppServerImages } from "../components/app-server/index.ts";
import type { MachineImages } from "../components/storage/index.ts";
import type { CloudNeeds } from "./cloud-settings.ts";
import type { Settings } from "./settings.ts";

/** By the names that the machine's Docker knows them by. */
export function appServerImages(
  images: CloudNeeds["images"],
  machine: MachineImages,
): AppServerImages {
  return {
    queueManager: machine.named(images.queueManager),
    redis: machine.named(images.redis),
    nginx: machine.named(images.nginx),
    certificates: machine.named(images.certificates),
    frontend: (version) => machine.named(ofVersion("frontend", images.frontend, version)),
    comfyuiFrontend: (version) =>
      machine.named(ofVersion("comfyuiFrontend", images.comfyuiFrontend, version)),
  };
}

/** @throws Error with one sentence when there is none of that version */
export function ofVersion(
  kind: string,
  images: Readonly<Record<string, string>>,
  version: string,
): string {
  const image = images[version];
  if (image !== undefined) return image;
  throw new Error(
    `comfymulti:images.${kind}: has no image of ComfyUI ${version}: build it, push it and add its digest.`,
  );
}

/** Logins of private registries, as Docker's provider takes them; none where there are none. */
export function registryAuth({ registryPasswords }: Pick<Settings, "registryPasswords">): {
  readonly registryAuth?: pulumi.Output<docker.types.input.ProviderRegistryAuth[]>;
} {
  if (registryPasswords === undefined) return {};
  const logins = Object.entries(registryPasswords).map(([address, login]) => ({
    address,
    ...login,
  }));
  return { registryAuth: pulumi.secret(logins) };
}
