/** Where participants' files are taken from. */
import type { Readable } from "node:stream";
import { z } from "zod";

export const participantFileSchema = z.object({
  /** In the bundle: begins `outputs/` or `workflows/`. */
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  modified: z.date(),
});
export type ParticipantFile = z.infer<typeof participantFileSchema>;

export interface FileSource {
  /** For people. */
  readonly place: string;
  /** What a participant has made, in any order. */
  list(user: string): Promise<ParticipantFile[]>;
  /** The content of one that was listed. */
  open(user: string, file: ParticipantFile): Promise<Readable>;
}
