/** Makes all checks of a stack, one after the other, and tells each as it is done. */
import pc from "picocolors";
import { AdminApi } from "../cost/admin-api.ts";
import { viewStack } from "../cost/stack-view.ts";
import { fault, type Check, type Finding, type Patient } from "./check.ts";
import { lookAtSettings } from "./checks/settings.ts";
import { checks, checksWhenUp } from "./table.ts";

export interface Result {
  readonly check: string;
  readonly findings: readonly Finding[];
}

export interface Examination {
  readonly results: readonly Result[];
  /** Undefined where the settings or the engine do not let anything else be looked at. */
  readonly patient: Patient | undefined;
}

/** @throws VisibleError where there is no such stack */
export async function examine(
  stackName: string,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<Examination> {
  const results: Result[] = [];
  const note = (check: string, findings: readonly Finding[]) => {
    if (findings.length === 0) return;
    results.push({ check, findings });
    for (const line of linesOf(check, findings)) tell(line);
  };
  const make = async <Of extends Patient>(check: Check<Of>, patient: Of) => {
    signal.throwIfAborted();
    if (check.applies?.(patient) === false) return;
    showNow(`  … ${check.name}`);
    const findings = await look(check, patient);
    showNow("");
    note(check.name, findings);
  };

  const { settings, findings } = lookAtSettings(stackName);
  note("settings", findings);
  if (!settings) return { results, patient: undefined };
  const view = await viewStack(stackName);
  const patient: Patient = { name: stackName, settings, view };
  for (const check of checks) await make(check, patient);
  const { platform } = view;
  if (!platform) {
    tell(`  · it is not up: npx comfymulti up ${stackName}`);
    return { results, patient };
  }
  const up = { ...patient, platform, api: new AdminApi(platform.admin) };
  for (const check of checksWhenUp) await make(check, up);
  return { results, patient };
}

async function look<Of extends Patient>(
  { look: make }: Check<Of>,
  patient: Of,
): Promise<readonly Finding[]> {
  try {
    return await make(patient);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [
      fault(
        `It can't be told: ${reason}.`,
        `Look at npx comfymulti status ${patient.name}, and ask again.`,
      ),
    ];
  }
}

/** What is being looked at, for somebody who waits at a terminal. */
function showNow(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}

const WIDTH = 20;

function linesOf(check: string, findings: readonly Finding[]): string[] {
  const name = check.padEnd(WIDTH);
  return findings.map((finding) =>
    finding.isFine
      ? `  ${pc.green("✓")} ${name} ${finding.sentence}`
      : `  ${pc.red("✗")} ${name} ${finding.sentence}\n    ${" ".repeat(WIDTH)} → ${finding.cure}`,
  );
}
