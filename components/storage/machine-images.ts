import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { renderImageLoad } from "../bootstrap/index.ts";
import { localNameOf, objectKeyOf, readArchivedImage } from "./archived-image.ts";

/** A bucket of the vault, and a key that reads it. */
export interface ReadableBucket {
  readonly endpoint: pulumi.Input<string>;
  readonly bucket: pulumi.Input<string>;
  readonly accessKeyId: pulumi.Input<string>;
  /** Secret. */
  readonly secretAccessKey: pulumi.Input<string>;
}

export interface MachineImagesArgs {
  readonly connection: command.types.input.remote.ConnectionArgs;
  /** Goes before commands of whoever logs in, who may need it for Docker: `sudo `. Default none. */
  readonly asRoot?: string;
  /** The bucket with the images. */
  readonly archive: ReadableBucket;
  /** What identifies the machine; another one needs every image anew. */
  readonly machine: pulumi.Input<string>;
  /** What has to be there before Docker is asked. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

export interface LoadedImage {
  /** Its name in the machine's Docker. */
  readonly localName: string;
  /** Done when the machine has it. */
  readonly resource: pulumi.Resource & { readonly id: pulumi.Output<string> };
}

/** The images that one machine has from the vault. */
export class MachineImages extends pulumi.ComponentResource {
  readonly #args: MachineImagesArgs;
  readonly #name: string;
  readonly #loads = new Map<string, LoadedImage>();

  constructor(name: string, args: MachineImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:storage:MachineImages", name, {}, opts);
    this.#name = name;
    this.#args = args;
    this.registerOutputs({});
  }

  /**
   * Sees to it that the machine's Docker has an image of the vault: it is loaded over ssh and checked by
   * its sum. Undefined for a registry's image, which is Docker's own to fetch.
   */
  load(reference: string): LoadedImage | undefined {
    const known = this.#loads.get(reference);
    if (known) return known;
    const image = readArchivedImage(reference);
    if (!image) return undefined;
    const { archive, asRoot = "", connection, machine, dependsOn = [] } = this.#args;
    const localName = localNameOf(image);
    const script = pulumi.output(archive).apply((from) =>
      renderImageLoad({
        ...{ localName, archiveSum: image.sum },
        objectUrl: `${from.endpoint}/${from.bucket}/${objectKeyOf(image)}`,
        accessKeyId: from.accessKeyId,
        secretAccessKey: from.secretAccessKey,
      }),
    );
    const resource = new command.remote.Command(
      `${this.#name}-${image.name}-${image.tag}-${image.sum.slice(0, 8)}`,
      {
        connection,
        create: `${asRoot}bash -s`,
        // By standard input: a command line can be read by others.
        stdin: pulumi.secret(script),
        triggers: [machine],
        logging: command.remote.Logging.Stderr,
      },
      { parent: this, dependsOn: [...dependsOn], additionalSecretOutputs: ["stdin"] },
    );
    const loaded = { localName, resource };
    this.#loads.set(reference, loaded);
    return loaded;
  }

  /** The name under which the machine's Docker has any image, known once it has one of the vault. */
  named(reference: string): pulumi.Input<string> {
    const loaded = this.load(reference);
    return loaded ? loaded.resource.id.apply(() => loaded.localName) : reference;
  }
}
