/** Compares the model files on disk with the manifest: size, and SHA-256 where it is known. */
import { modelPath } from "@comfymulti/workflows";
import type { ModelFile } from "@comfymulti/workflows";
import pLimit from "p-limit";
import { placeFor, requireDirectory, sha256Of, sizeFits, sizeOnDisk } from "./directory.ts";

/** `size-only`: as large as it should be, and no sum is known to compare with. */
export type VerifyStatus = "ok" | "size-only" | "missing" | "wrong-size" | "wrong-sum";

export interface VerifyResult {
  path: string;
  status: VerifyStatus;
  /** What was found, in a few words; empty when all is well. */
  detail: string;
}

export const isWrong = ({ status }: VerifyResult): boolean =>
  status !== "ok" && status !== "size-only";

/** Files hashed at once: more would only fight for the disk. */
const PARALLEL = 2;

/** @param onResult told each file's verdict as soon as it is known */
export async function verify(
  directory: string,
  files: readonly ModelFile[],
  signal: AbortSignal,
  onResult: (result: VerifyResult) => void,
): Promise<VerifyResult[]> {
  await requireDirectory(directory);
  const limit = pLimit(PARALLEL);
  return await Promise.all(
    files.map((file) =>
      limit(async () => {
        signal.throwIfAborted();
        const result = await verifyFile(directory, file, signal);
        onResult(result);
        return result;
      }),
    ),
  );
}

async function verifyFile(
  directory: string,
  file: ModelFile,
  signal: AbortSignal,
): Promise<VerifyResult> {
  const path = modelPath(file);
  const size = await sizeOnDisk(directory, file);
  if (size === undefined) return { path, status: "missing", detail: "" };
  if (!sizeFits(file, size)) {
    const wanted = `${file.approximate ? "about " : ""}${file.sizeBytes}`;
    return { path, status: "wrong-size", detail: `${size} bytes instead of ${wanted}` };
  }
  const sum = await sha256Of(await placeFor(directory, file), signal);
  if (file.sha256 === undefined) {
    return { path, status: "size-only", detail: `${size} bytes, SHA-256 ${sum}` };
  }
  if (sum === file.sha256) return { path, status: "ok", detail: "" };
  const short = (hex: string) => `${hex.slice(0, 12)}…`;
  const detail = `SHA-256 ${short(sum)} instead of ${short(file.sha256)}`;
  return { path, status: "wrong-sum", detail };
}
