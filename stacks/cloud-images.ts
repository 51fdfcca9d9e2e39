/** Which image each container of the app server runs. */
import type { AppServerImages } from "../components/app-server/index.ts";
import type { DockerHost } from "../components/hosts/index.ts";
import type { CloudNeeds } from "./cloud-settings.ts";

export function appServerImages(
  images: CloudNeeds["images"],
  _host: DockerHost,
): AppServerImages & { readonly dispatcher: string } {
  return {
    ...images,
    dispatcher: images.dispatcher ?? "",
    frontend: (version) => ofVersion("frontend", images.frontend, version),
    comfyuiFrontend: (version) => ofVersion("comfyuiFrontend", images.comfyuiFrontend, version),
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
