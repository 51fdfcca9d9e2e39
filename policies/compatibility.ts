/**
 * The one place from which rules learn whether versions go together. Everything comes from the
 * version matrix, which is computed from the captured node definitions and the templates.
 */
import {
  capturedVersions,
  judgePair,
  templates,
  type PairCell,
  type Template,
} from "@comfymulti/workflows";

export const isCaptured = (version: string): boolean => capturedVersions().includes(version);

/** What to do about a version of which nothing is known. */
export const captureHint = (version: string): string =>
  `run comfymulti capture URL against a ComfyUI ${version}, or use one of ${capturedVersions().join(", ")}`;

export const findTemplate = (id: string): Template | undefined =>
  templates.find((template) => template.id === id);

/** Several rules ask about the same pairs, in one process a preview. */
const cells = new Map<string, PairCell>();

/** Whether graphs of these templates, made with the editor of one version, run on workers of the other. */
export function pairCell(frontend: string, worker: string, ids: readonly string[]): PairCell {
  const key = JSON.stringify([frontend, worker, ids]);
  const cell =
    cells.get(key) ??
    judgePair(
      frontend,
      worker,
      ids.flatMap((id) => findTemplate(id) ?? []),
    );
  cells.set(key, cell);
  return cell;
}

/** Why, a sentence each: of the pair as such, and of each template that is not simply accepted. */
export const reasonsOf = ({ reasons, templates: judged }: PairCell): string[] => [
  ...reasons,
  ...judged.flatMap(({ template, reasons: each }) => each.map((why) => `${template}: ${why}`)),
];

/** Text within a sentence: without full stops at the end of its parts. */
export const because = (cell: PairCell): string =>
  reasonsOf(cell)
    .map((reason) => reason.replace(/\.$/, ""))
    .join("; ");
