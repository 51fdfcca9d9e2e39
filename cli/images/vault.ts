/** Images in a stack's vault. */
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import {
  imageAt,
  IMAGES_PREFIX,
  objectKeyOf,
  readArchivedImage,
  referenceOf,
} from "../../components/storage/index.ts";
import type { VaultAccess } from "../../stacks/outputs.ts";
import { BucketStore } from "../bucket-store.ts";
import { readBack } from "../teardown/bundles/bundle-store.ts";
import { VisibleError } from "../visible-error.ts";
import { archiveImage, type ArchiveOptions } from "./archive.ts";

export interface SavedImage {
  /** `vault/worker:0.11.1@sha256:…` */
  readonly reference: string;
  readonly bytes: number;
  /** Whether the vault had it already. */
  readonly wasThere: boolean;
}

export interface ListedImage {
  readonly reference: string;
  readonly bytes: number;
  readonly storedAt: Date;
}

export interface SaveOptions extends ArchiveOptions {
  /** `worker:0.11.1`, which the reference gets. Default: the image's own last part. */
  readonly name?: string | undefined;
  /** For the archive, which is as large as the image; it is removed again. */
  readonly folder: string;
  readonly tell: (line: string) => void;
}

export class ImageVault {
  readonly #store: BucketStore;

  constructor(access: VaultAccess, signal: AbortSignal) {
    this.#store = new BucketStore(
      {
        endpoint: access.endpoint,
        bucket: access.buckets.workerContainer,
        ...access.keeper,
        cures: { key: "the vault's token at Cloudflare", place: "comfymulti:vault" },
      },
      signal,
    );
  }

  async list(): Promise<ListedImage[]> {
    const objects = await this.#store.list(IMAGES_PREFIX);
    return objects.flatMap(({ key, bytes, storedAt }) => {
      const image = imageAt(key);
      return image ? [{ reference: referenceOf(image), bytes, storedAt }] : [];
    });
  }

  /**
   * Saves an image of a daemon and reads it back.
   *
   * @param image as Docker knows it
   * @throws VisibleError
   */
  async save(
    image: string,
    { name = lastPart(image), folder, ...options }: SaveOptions,
  ): Promise<SavedImage> {
    const work = await mkdtemp(path.join(folder, "image-"));
    try {
      const file = path.join(work, "archive.tar.gz");
      const { sum, bytes } = await archiveImage(image, file, options);
      const archived = readArchivedImage(`vault/${name}@sha256:${sum}`);
      if (!archived) {
        throw new VisibleError(
          `${name} is no name with a tag for the vault: give --as, such as --as comfyui-worker:0.11.1.`,
        );
      }
      const key = objectKeyOf(archived);
      const reference = referenceOf(archived);
      const [known] = await this.#store.list(key);
      if (known?.bytes === bytes) return { reference, bytes, wasThere: true };
      options.tell(`uploading ${megabytes(bytes)}`);
      await this.#store.put(key, file);
      options.tell("reading it back");
      const stored = await readBack(this.#store, key);
      if (stored?.sha256 !== sum) {
        throw new VisibleError(
          `The bucket holds ${stored ? "other bytes" : "nothing"} under ${key} after the upload: save it again.`,
        );
      }
      return { reference, bytes, wasThere: false };
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

/** `registry.example/team/worker:0.11.1@sha256:…` → `worker:0.11.1` */
const lastPart = (image: string): string => image.split("@")[0]?.split("/").at(-1) ?? image;
