/** The filesystem of the models, that all workers of a data centre share. */
import { modelManifest, modelPath, type ModelManifest } from "@comfymulti/workflows";

const BYTES_PER_GB = 1e9;
/** Kept free: a file is restored beside its place and moved there, and operators add one or two. */
const ROOM = 1.05;

/**
 * @param sizeGb Of the filesystem.
 * @param templates Templates whose models have to fit; left out: every file of the manifest.
 * @throws Error with one sentence when the models do not fit.
 */
export function assertModelsFit(
  sizeGb: number,
  templates?: readonly string[],
  manifest: ModelManifest = modelManifest,
): void {
  const unknown = templates?.find((template) => !(template in manifest.templates));
  if (unknown !== undefined) {
    throw new Error(
      `templates: there is no ${unknown}: use ${Object.keys(manifest.templates).join(", ")}.`,
    );
  }
  const wanted = templates && new Set(templates.flatMap((name) => manifest.templates[name] ?? []));
  const bytes = manifest.files
    .filter((file) => wanted?.has(modelPath(file)) ?? true)
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const least = Math.ceil((bytes * ROOM) / BYTES_PER_GB);
  if (sizeGb >= least) return;
  throw new Error(
    `sharedFilesystemGb: the models take ${Math.ceil(bytes / BYTES_PER_GB)} GB and do not fit ${sizeGb} GB: make it at least ${least} GB, or name fewer templates.`,
  );
}

export interface FilesystemFacts {
  /** `mount -t nfs -o nconnect=16 nfs.fin-01.datacrunch.io:/volume-84Ca37Jf /mnt/x`, from the API. */
  readonly mountCommand: string | undefined;
  readonly pseudoPath: string | undefined;
  readonly locationCode: string;
}

/**
 * `nfs.fin-01.datacrunch.io:/volume-84Ca37Jf`: as the API's own command names it. Before an instance
 * shares the filesystem there may be no command; then in the same form, from its path.
 * @throws Error with one sentence when neither is known.
 */
export function nfsTarget({ mountCommand, pseudoPath, locationCode }: FilesystemFacts): string {
  const named = mountCommand?.split(/\s+/).find((word) => /^[A-Za-z0-9.-]+:\//.test(word));
  if (named !== undefined) return named;
  if (pseudoPath === undefined || pseudoPath === "") {
    throw new Error(
      "The shared filesystem has no path on the file server yet: run the same update again.",
    );
  }
  const path = pseudoPath.startsWith("/") ? pseudoPath : `/${pseudoPath}`;
  return `nfs.${locationCode.toLowerCase()}.datacrunch.io:${path}`;
}
