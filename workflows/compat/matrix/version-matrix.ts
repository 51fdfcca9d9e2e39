/**
 * Which frontend goes with which worker, computed: each template's graph, as the frontend's version
 * hands it in, is judged by the worker's node definitions.
 */
import { z } from "zod";
import { workflowToPrompt } from "../convert/index.ts";
import { renames } from "../diff/renames.ts";
import { withModels } from "../file-options.ts";
import { migratePrompt, silentBreaks } from "../migrate/index.ts";
import { capturedVersions, loadObjectInfo } from "../object-info.ts";
import type { ObjectInfo } from "../object-info.ts";
import { validatePrompt } from "../validate-prompt.ts";
import type { PromptVerdict } from "../verdict.ts";
import type { Template } from "../../templates/index.ts";
import { liesBetween, operationalFacts } from "./operational-facts.ts";
import type { OperationalFact } from "./operational-facts.ts";

/**
 * `discouraged`: it works, and another version does it better. `smoke-owed`: the definitions agree,
 * and a job of the template has to prove that the code does too. `needs-migration`: graphs are refused as they are, and heal by themselves. From lenient to strict.
 */
export const pairVerdictSchema = z.enum([
  "ok",
  "discouraged",
  "smoke-owed",
  "needs-migration",
  "blocked",
]);
export type PairVerdict = z.infer<typeof pairVerdictSchema>;

export interface TemplateVerdict {
  readonly template: string;
  readonly verdict: PairVerdict;
  /** Sentences; none when it is `ok`. */
  readonly reasons: readonly string[];
}

export interface PairCell {
  readonly frontend: string;
  readonly worker: string;
  /** The strictest of its templates', or of what holds for the pair as such. */
  readonly verdict: PairVerdict;
  /** Why the pair as such is not `ok`, whatever its templates are. */
  readonly reasons: readonly string[];
  readonly templates: readonly TemplateVerdict[];
}

export interface MatrixOptions {
  /** Jobs that ran: a template on a worker of this version, from a frontend of that one. */
  readonly smoked?: readonly {
    readonly template: string;
    readonly frontend: string;
    readonly worker: string;
  }[];
  /** Default: the project's own table. */
  readonly facts?: readonly OperationalFact[];
  /** Node definitions of a version; undefined when they are not captured. Default: the captures. */
  readonly objectInfo?: (version: string) => ObjectInfo | undefined;
}

type JudgedTemplate = Pick<Template, "id" | "ui" | "models">;

/** A cell for each pair of these versions, frontend by frontend. */
export function versionMatrix(
  versions: readonly string[],
  templates: readonly JudgedTemplate[],
  options: MatrixOptions = {},
): readonly PairCell[] {
  return versions.flatMap((frontend) =>
    versions.map((worker) => judgePair(frontend, worker, templates, options)),
  );
}

/** One cell of the matrix. */
export function judgePair(
  frontend: string,
  worker: string,
  templates: readonly JudgedTemplate[],
  { smoked = [], facts = operationalFacts, objectInfo = capturedObjectInfo }: MatrixOptions = {},
): PairCell {
  const made = objectInfo(frontend);
  const judged = objectInfo(worker);
  const unknown = [...new Set([made ? [] : frontend, judged ? [] : worker].flat())];
  if (!made || !judged) {
    const reasons = unknown.map(
      (version) =>
        `The node definitions of ComfyUI ${version} are not captured: run comfymulti capture URL against a ComfyUI of that version.`,
    );
    return { frontend, worker, verdict: "blocked", reasons, templates: [] };
  }
  const verdicts = templates.map((template) => {
    const judgement = judgeTemplate(template, made, judged, `ComfyUI ${worker}`);
    const ran = smoked.some(
      (job) => job.template === template.id && job.frontend === frontend && job.worker === worker,
    );
    return ran ? judgement : withOwedSmoke(judgement, frontend, worker, facts);
  });
  const reasons = facts.flatMap((fact) =>
    fact.kind === "prefer" && [frontend, worker].includes(fact.version)
      ? [`Take ComfyUI ${fact.instead} instead of ${fact.version}: ${fact.reason}.`]
      : [],
  );
  const own: PairVerdict = reasons.length > 0 ? "discouraged" : "ok";
  const verdict = strictest([own, ...verdicts.map((each) => each.verdict)]);
  return { frontend, worker, verdict, reasons, templates: verdicts };
}

function judgeTemplate(
  { id, ui, models }: JudgedTemplate,
  made: ObjectInfo,
  judged: ObjectInfo,
  where: string,
): TemplateVerdict {
  const files = models.map(({ name }) => name);
  const from = withModels(made, files);
  const to = withModels(judged, files);
  const { prompt, problems } = workflowToPrompt(ui, from);
  if (problems.length > 0) {
    return { template: id, verdict: "blocked", reasons: problems.map(({ message }) => message) };
  }
  const migrated = migratePrompt(prompt, { from, to, renames });
  const silent = migrated.remaining.filter(({ kind }) => silentBreaks.has(kind));
  if (silent.length > 0) {
    return { template: id, verdict: "blocked", reasons: silent.map(({ detail }) => detail) };
  }
  const asItIs = validatePrompt(prompt, to);
  if (isFaultless(asItIs)) return { template: id, verdict: "ok", reasons: [] };
  if (isFaultless(validatePrompt(migrated.prompt, to))) {
    const reasons = migrated.changes.map(({ detail }) => detail);
    return { template: id, verdict: "needs-migration", reasons };
  }
  return { template: id, verdict: "blocked", reasons: faultsOf(asItIs, where) };
}

/** A prompt of which only some outputs run is not what a template promises. */
const isFaultless = (verdict: PromptVerdict): boolean =>
  verdict.ok && Object.keys(verdict.nodeErrors).length === 0;

function faultsOf(verdict: PromptVerdict, where: string): string[] {
  const faults = Object.entries(verdict.nodeErrors).flatMap(([node, { class_type, errors }]) =>
    errors.map(
      ({ message, details }) => `${where}, node ${node} (${class_type}): ${message}, ${details}`,
    ),
  );
  if (faults.length > 0 || verdict.ok) return faults;
  return [`${where}: ${verdict.error.message}: ${verdict.error.details}`];
}

function withOwedSmoke(
  judgement: TemplateVerdict,
  frontend: string,
  worker: string,
  facts: readonly OperationalFact[],
): TemplateVerdict {
  const owed = facts.flatMap((fact) =>
    fact.kind === "smoke" &&
    fact.templates.includes(judgement.template) &&
    liesBetween(fact, frontend, worker)
      ? [`A job of it has to run first: ${fact.reason}.`]
      : [],
  );
  if (owed.length === 0) return judgement;
  return {
    ...judgement,
    verdict: strictest([judgement.verdict, "smoke-owed"]),
    reasons: [...judgement.reasons, ...owed],
  };
}

const strictest = (verdicts: readonly PairVerdict[]): PairVerdict =>
  pairVerdictSchema.options.findLast((verdict) => verdicts.includes(verdict)) ?? "ok";

const capturedObjectInfo = (version: string): ObjectInfo | undefined =>
  capturedVersions().includes(version) ? loadObjectInfo(version) : undefined;
