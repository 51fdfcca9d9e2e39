/**
 * Images that lie in the vault instead of a registry: a gzipped archive of `docker save`, named by the
 * sum of its bytes. A reference reads like a registry's, `vault/worker:0.11.1@sha256:…`; the name
 * `vault` is reserved for it.
 */
import { z } from "zod";

const REFERENCE =
  /^vault\/(?<name>[a-z0-9][a-z0-9._-]{0,99}):(?<tag>[\w][\w.-]{0,127})@sha256:(?<sum>[0-9a-f]{64})$/;

/** Begins the keys of images in their bucket. */
export const IMAGES_PREFIX = "images/";

export interface ArchivedImage {
  /** `worker` */
  readonly name: string;
  /** `0.11.1` */
  readonly tag: string;
  /** Sum of the archive: 64 hexadecimal digits. */
  readonly sum: string;
}

/** Takes a reference apart; undefined when it is a registry's. */
export function readArchivedImage(reference: string): ArchivedImage | undefined {
  const { name, tag, sum } = REFERENCE.exec(reference)?.groups ?? {};
  return name === undefined || tag === undefined || sum === undefined
    ? undefined
    : { name, tag, sum };
}

/** What settings say: `vault/worker:0.11.1@sha256:…`. */
export const referenceOf = ({ name, tag, sum }: ArchivedImage): string =>
  `vault/${name}:${tag}@sha256:${sum}`;

/** An image of a registry or of the vault, by its digest. */
export const imageSchema = z
  .string()
  .max(1000)
  .regex(
    /^[^\s@]+@sha256:[0-9a-f]{64}$/,
    "must be named by its digest, registry.example/comfyui-worker:0.11.1@sha256:…: docker push printed it",
  )
  .refine((text) => !text.startsWith("vault/") || readArchivedImage(text) !== undefined, {
    error: "must be as comfymulti images save printed it, vault/comfyui-worker:0.11.1@sha256:…",
  });

/** Where it lies in its bucket. */
export const objectKeyOf = ({ name, tag, sum }: ArchivedImage): string =>
  `${IMAGES_PREFIX}${name}/${tag}/${sum}.tar.gz`;

/** The image that lies under a key; undefined when another thing does. */
export function imageAt(key: string): ArchivedImage | undefined {
  const [name = "", tag = "", file = "", ...rest] = key.slice(IMAGES_PREFIX.length).split("/");
  const image = { name, tag, sum: file.replace(/\.tar\.gz$/, "") };
  if (!key.startsWith(IMAGES_PREFIX) || rest.length > 0 || !file.endsWith(".tar.gz")) return;
  return readArchivedImage(referenceOf(image));
}

/** The name under which a machine's Docker has it: of its own, so that no other image takes it. */
export const localNameOf = ({ name, tag, sum }: ArchivedImage): string =>
  `comfymulti-vault/${name}:${tag}-${sum.slice(0, 16)}`;
