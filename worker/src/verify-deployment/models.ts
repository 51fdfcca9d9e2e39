/** Whether the model files are there for the workshop's templates. */
import type { ScanReport } from "../models/index.ts";
import { fail, ok, warn } from "./check.ts";
import type { Verdict } from "./check.ts";

/** `needsModels`: false for a template that loads none and so proves nothing. */
export function checkModels(
  report: ScanReport,
  needsModels: (template: string) => boolean,
): Verdict {
  const templates = report.templates.filter(({ name }) => needsModels(name));
  const runnable = templates.filter((template) => template.runnable).map(({ name }) => name);
  const missing = new Set(templates.flatMap((template) => template.missing));
  if (missing.size === 0) return ok(`All ${templates.length} templates have their models.`);
  const rest = `${missing.size} model ${missing.size === 1 ? "file is" : "files are"} missing or incomplete in ${report.directory}: run \`comfymulti-worker models restore\`.`;
  if (runnable.length === 0) return fail(`No template can run: ${rest}`);
  return warn(`Only ${runnable.join(", ")} can run: ${rest}`);
}
