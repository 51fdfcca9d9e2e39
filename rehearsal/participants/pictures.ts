/** Whether a job's pictures are the ones that its participant asked for, by their content. */
import { createHash } from "node:crypto";
import { historySchema, savedFiles, type OutputFile } from "./answers.ts";
import { pixelsOf, type OwnPicture } from "./picture.ts";
import type { JobRecord } from "./report.ts";
import { RefusedError, type Session } from "./session.ts";
import type { SharedKnowledge } from "./shared.ts";

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

export interface PictureCheck {
  readonly session: Session;
  readonly record: JobRecord;
  readonly own: OwnPicture;
  /** Node that saves the own picture. */
  readonly ownPictureNode: string;
  readonly shared: SharedKnowledge;
}

/**
 * Downloads what a completed job saved, and takes it down in the record.
 *
 * @returns what is wrong, as a clause ("its picture … is …"); empty when all is well
 */
export async function checkPictures(check: PictureCheck): Promise<readonly string[]> {
  const { session, record, ownPictureNode } = check;
  const history = await session.json(`api/history/${record.promptId}`, historySchema);
  const outputs = history[record.promptId]?.outputs;
  if (!outputs) return ["its history is empty although it is completed"];
  const faults: string[] = [];
  let ownPictures = 0;
  for (const [node, output] of Object.entries(outputs)) {
    for (const file of savedFiles(output)) {
      const bytes = await download(session, file).catch((error: unknown) => {
        if (!(error instanceof RefusedError)) throw error;
        faults.push(`its picture ${file.filename} can't be downloaded (${error.message})`);
      });
      if (!bytes) continue;
      const checksum = sha256(bytes);
      record.files.push({ ...file, bytes: bytes.length, sha256: checksum });
      const fault =
        node === ownPictureNode
          ? await faultOfOwn(bytes, check)
          : faultOfOther(checksum, bytes, check);
      if (node === ownPictureNode) ownPictures++;
      if (fault) faults.push(`its picture ${file.filename} ${fault}`);
    }
  }
  if (ownPictures !== 1) faults.push(`it gave the uploaded picture back ${ownPictures} times`);
  if (record.files.length === ownPictures) faults.push("it saved nothing of its template's");
  return faults;
}

/** The uploaded picture came through unchanged, or it is not theirs. */
async function faultOfOwn(
  bytes: Buffer,
  { own, shared }: PictureCheck,
): Promise<string | undefined> {
  const pixels = await pixelsOf(bytes);
  if (!pixels) return "can't be read";
  if (pixels.equals(own.pixels)) return undefined;
  const owner = shared.ownerOf(sha256(pixels));
  return `is not the one that was uploaded${owner ? `: it is that of ${owner}` : ""}`;
}

/** No two jobs ask for the same: the same bytes twice are somebody else's. */
function faultOfOther(
  checksum: string,
  bytes: Buffer,
  { record, shared }: PictureCheck,
): string | undefined {
  if (bytes.length === 0) return "is empty";
  const owner = shared.claim(checksum, record);
  return owner ? `is that of ${owner}` : undefined;
}

async function download(session: Session, { filename, subfolder, type }: OutputFile) {
  const query = new URLSearchParams({ filename, subfolder, type });
  return await session.bytes(`api/view?${query.toString()}`);
}
