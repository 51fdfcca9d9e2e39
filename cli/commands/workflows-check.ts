/** Whether graphs run on a ComfyUI version, or on what a running one says; and heals those that can be. */
import { renameSync, writeFileSync } from "node:fs";
import { checkGraph } from "@comfymulti/workflows";
import { render, type CheckedFile, type Format } from "../workflows/check-report.ts";
import { graphFiles, type GraphFile } from "../workflows/graph-files.ts";
import {
  newestCapture,
  objectInfoSource,
  type ObjectInfoSource,
} from "../workflows/object-info-source.ts";
import { VisibleError } from "../visible-error.ts";

export interface WorkflowsCheckOptions {
  readonly worker?: string;
  readonly objectInfo?: string;
  readonly from?: string;
  readonly format: Format;
  readonly json: boolean;
  readonly fix: boolean;
}

/** Sets the exit code: 0 when every graph runs (or was healed), 1 when one does not. */
export function workflowsCheck(files: readonly string[], options: WorkflowsCheckOptions): void {
  if (options.worker !== undefined && options.objectInfo !== undefined) {
    throw new VisibleError("Give --worker or --object-info, not both.");
  }
  const against = objectInfoSource(options.objectInfo ?? options.worker ?? newestCapture());
  const from = options.from === undefined ? undefined : objectInfoSource(options.from);
  const checked: CheckedFile[] = [];
  let skipped = 0;
  for (const file of graphFiles(files)) {
    const result = check(file, against, from, options.fix);
    if (result) checked.push(result);
    else skipped++;
  }
  if (checked.length === 0) {
    throw new VisibleError("There is no graph: name files or folders with workflows in JSON.");
  }
  const report = { against: against.name, files: checked, skipped };
  console.log(render(report, options.json ? "json" : options.format));
  if (checked.some(({ verdict, fixed }) => verdict !== "ok" && !fixed)) process.exitCode = 1;
}

/** Undefined for a file of a folder that is no graph. */
function check(
  { name, json, writable, named }: GraphFile,
  against: ObjectInfoSource,
  from: ObjectInfoSource | undefined,
  fix: boolean,
): CheckedFile | undefined {
  const { fixed, ...result } = checkGraph(json, against.objectInfo, {
    anyModel: against.captured,
    ...(from && { from: from.objectInfo }),
  });
  if (result.format === "unknown" && !named) return undefined;
  const heal = fix && writable && fixed !== undefined;
  if (heal) {
    const draft = `${name}.draft`;
    writeFileSync(draft, `${JSON.stringify(fixed, null, 2)}\n`);
    renameSync(draft, name);
  }
  return { file: name, ...result, fixed: heal };
}
