/** Names of container images. */

export interface ImageReference {
  readonly tag: string | undefined;
  readonly digest: string | undefined;
  /** Whether it names a registry; without one it may be an image of this machine. */
  readonly hasRegistry: boolean;
}

/** Takes `registry.example/team/worker:0.11.1@sha256:…` apart. */
export function readImage(image: string): ImageReference {
  // An image by its id alone, as Docker gives it for one that it holds.
  if (/^sha256:[0-9a-f]{64}$/.test(image)) {
    return { tag: undefined, digest: image, hasRegistry: false };
  }
  const [name = "", digest] = image.split("@");
  const last = name.split("/").at(-1) ?? "";
  const [, tag] = last.split(":");
  const [first = ""] = name.split("/");
  const hasRegistry = name.includes("/") && /[.:]|^localhost$/.test(first);
  return { tag, digest, hasRegistry };
}
