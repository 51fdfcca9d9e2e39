/** Which image is built of which Dockerfile. What a new Dockerfile needs to be built is a line here. */
import type { BuildSettings } from "./settings.ts";

export interface ImageToBuild {
  /** Key in `comfymulti:images`. */
  readonly kind: ImageKind;
  /** Of kinds that have an image for each ComfyUI version. */
  readonly comfyuiVersion?: string;
  /** `comfymulti-redis`. */
  readonly name: string;
  readonly tag: string;
  /** In the checkout. */
  readonly dockerfile: string;
  /** Folder in the checkout that its COPY takes from. */
  readonly context: string;
  readonly target?: string;
  readonly args: Readonly<Record<string, string>>;
}

export type ImageKind =
  | "queueManager"
  | "dispatcher"
  | "redis"
  | "nginx"
  | "certificates"
  | "backup"
  | "frontend"
  | "comfyuiFrontend"
  | "worker";

/** @param version of this project, which services' images are tagged by */
export function imagesToBuild(settings: BuildSettings, version: string): ImageToBuild[] {
  const onBase = { BASE_IMAGE: settings.baseImage };
  const service = (kind: ImageKind, target: string): ImageToBuild => ({
    ...{ kind, target, name: `comfymulti-${target}`, tag: version },
    ...{ dockerfile: "services/Dockerfile", context: ".", args: onBase },
  });
  const own = (kind: "certificates" | "backup"): ImageToBuild => ({
    ...{ kind, name: `comfymulti-${kind}`, tag: version, args: onBase },
    ...{ dockerfile: `services/${kind}/Dockerfile`, context: `services/${kind}` },
  });
  const ofComfyui = (
    image: Pick<ImageToBuild, "kind" | "name" | "dockerfile"> & { readonly base: string },
    sums: Readonly<Record<string, string>>,
  ): ImageToBuild[] => {
    const { base, ...rest } = image;
    return Object.entries(sums).map(([comfyuiVersion, sum]) => ({
      ...{ ...rest, comfyuiVersion, tag: comfyuiVersion, context: "." },
      args: { BASE_IMAGE: base, COMFYUI_VERSION: comfyuiVersion, COMFYUI_SHA256: sum },
    }));
  };
  return [
    service("queueManager", "queue-manager"),
    service("dispatcher", "dispatcher"),
    service("nginx", "nginx"),
    service("redis", "redis"),
    ...settings.frontend.map((comfyuiVersion) => ({
      ...service("frontend", "frontend"),
      ...{ comfyuiVersion, tag: comfyuiVersion },
      args: { ...onBase, COMFYUI_VERSION: comfyuiVersion },
    })),
    own("certificates"),
    own("backup"),
    ...ofComfyui(
      {
        ...{ kind: "comfyuiFrontend", name: "comfymulti-comfyui-frontend" },
        ...{ dockerfile: "services/frontend/Dockerfile.comfyui", base: settings.baseImage },
      },
      settings.comfyuiFrontend,
    ),
    ...ofComfyui(
      {
        ...{ kind: "worker", name: "comfyui-worker", dockerfile: "worker/Dockerfile" },
        base: settings.workerBaseImage,
      },
      settings.worker,
    ),
  ];
}
