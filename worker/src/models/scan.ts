/** Which templates this disk can run, which files they miss, and what lies there unused. */
import { modelPath } from "@comfymulti/workflows";
import type { ModelManifest } from "@comfymulti/workflows";
import { z } from "zod";
import { requireDirectory, sizeFits, sizeOnDisk } from "./directory.ts";
import { listFiles } from "./list-files.ts";
import { PARTIAL_ENDING } from "./partial-file.ts";

const diskFileSchema = z.object({ path: z.string().max(4096), sizeBytes: z.int().nonnegative() });

export const scanReportSchema = z.object({
  directory: z.string().max(4096),
  templates: z.array(
    z.object({
      name: z.string().max(100),
      /** Whether all of its files are there, each with its size. */
      runnable: z.boolean(),
      /** `folder/name` of the files that are not there, or not whole. */
      missing: z.array(z.string().max(401)),
    }),
  ),
  /** Files of the manifest that are there with their size. */
  present: z.array(diskFileSchema),
  /** Files that no template of the manifest needs. */
  orphans: z.array(diskFileSchema),
  orphanBytes: z.int().nonnegative(),
  /** What restores have begun and not ended. */
  unfinished: z.array(diskFileSchema),
});

export type ScanReport = z.infer<typeof scanReportSchema>;

/**
 * Reads sizes only, no content: quick enough for a worker to report it often.
 *
 * @throws ModelsError when the directory is not there
 */
export async function scanModels(directory: string, manifest: ModelManifest): Promise<ScanReport> {
  await requireDirectory(directory);
  const needed = new Set(Object.values(manifest.templates).flat());
  const present: ScanReport["present"] = [];
  for (const file of manifest.files) {
    const sizeBytes = await sizeOnDisk(directory, file);
    if (sizeBytes !== undefined && sizeFits(file, sizeBytes)) {
      present.push({ path: modelPath(file), sizeBytes });
    }
  }
  const there = new Set(present.map(({ path }) => path));
  const others = (await listFiles(directory)).filter(({ path }) => !needed.has(path));
  const isUnfinished = ({ path }: { path: string }) =>
    path.endsWith(PARTIAL_ENDING) || path.endsWith(`${PARTIAL_ENDING}.json`);
  const orphans = others.filter((file) => !isUnfinished(file));
  return {
    directory,
    templates: Object.entries(manifest.templates).map(([name, paths]) => {
      const missing = paths.filter((path) => !there.has(path));
      return { name, runnable: missing.length === 0, missing };
    }),
    present,
    orphans,
    orphanBytes: orphans.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    unfinished: others.filter((file) => file.path.endsWith(PARTIAL_ENDING)),
  };
}
