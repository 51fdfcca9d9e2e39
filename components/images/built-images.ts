import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import { imagesToBuild, type ImageToBuild } from "./images-to-build.ts";
import type { BuiltReferences } from "./references.ts";
import type { BuildSettings } from "./settings.ts";

export interface BuiltImagesArgs {
  readonly settings: BuildSettings;
  /** The checkout. */
  readonly repository: string;
  /** Of this project. */
  readonly version: string;
}

/** GPU machines and the app server have no other. */
const PLATFORM = "linux/amd64";

/** The platform's images, built on one Docker and pushed where settings say. */
export class BuiltImages extends pulumi.ComponentResource {
  readonly references: pulumi.Output<BuiltReferences>;

  constructor(name: string, args: BuiltImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:images:BuiltImages", name, {}, opts);
    const { settings } = args;
    const provider = new docker.Provider(
      `${name}-docker`,
      // A preview must not need the builder.
      { host: settings.docker, disableDockerDaemonCheck: true },
      { parent: this },
    );
    const built: { image: ImageToBuild; reference: pulumi.Output<string> }[] = [];
    let before: docker.Image | undefined;
    for (const image of imagesToBuild(settings, args.version)) {
      const imageName = [settings.registry, `${image.name}:${image.tag}`]
        .filter((part) => part !== undefined)
        .join("/");
      const resource: docker.Image = new docker.Image(
        `${name}-${image.name}-${image.tag}`,
        {
          imageName,
          buildOnPreview: false,
          skipPush: settings.registry === undefined,
          ...registryOf(settings),
          build: {
            context: path.join(args.repository, image.context),
            dockerfile: path.join(args.repository, image.dockerfile),
            platform: PLATFORM,
            args: image.args,
            ...(image.target !== undefined && { target: image.target }),
            ...(settings.buildNetwork === "host" && { network: "host" }),
          },
        },
        // One by one: each finds the layers that it shares with the one before.
        { parent: this, provider, dependsOn: before ? [before] : [] },
      );
      before = resource;
      built.push({
        image,
        reference: resource.repoDigest.apply((digest) =>
          settings.registry === undefined
            ? imageName
            : `${imageName}@${digest.split("@")[1] ?? ""}`,
        ),
      });
    }
    this.references = pulumi.all(built.map(({ reference }) => reference)).apply((references) => ({
      docker: settings.docker,
      images: asSettings(
        built.map(({ image }, index) => ({ image, reference: references[index] ?? "" })),
      ),
    }));
    this.registerOutputs({ references: this.references });
  }
}

/** Who pushes; nothing where nobody has to log in. */
function registryOf({ registry, registryPasswords = {} }: BuildSettings) {
  const server = registry?.split("/")[0];
  const login = server === undefined ? undefined : registryPasswords[server];
  if (server === undefined || !login) return {};
  const { username, password } = login;
  return { registry: { server, username, password: pulumi.secret(password) } };
}

function asSettings(
  built: readonly { readonly image: ImageToBuild; readonly reference: string }[],
): BuiltReferences["images"] {
  const the = (kind: ImageToBuild["kind"]) =>
    built.find(({ image }) => image.kind === kind)?.reference ?? "";
  const byVersion = (kind: ImageToBuild["kind"]) =>
    Object.fromEntries(
      built.flatMap(({ image, reference }) =>
        image.kind === kind ? [[image.comfyuiVersion ?? "", reference]] : [],
      ),
    );
  return {
    queueManager: the("queueManager"),
    dispatcher: the("dispatcher"),
    redis: the("redis"),
    nginx: the("nginx"),
    certificates: the("certificates"),
    backup: the("backup"),
    frontend: byVersion("frontend"),
    comfyuiFrontend: byVersion("comfyuiFrontend"),
    worker: byVersion("worker"),
  };
}
