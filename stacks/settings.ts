/**
 * Every setting of a stack: one schema that validates `Pulumi.<stack>.yaml`, gives the types, and
 * states meaning, unit and default. Unknown keys are refused, so that a typo is found at preview.
 *
 * Values come from Pulumi configuration in the namespace `comfymulti`, where each is a string;
 * lists and objects are JSON there (`pulumi config set --path` writes them so).
 */
import { jsonText } from "@comfymulti/configuration";
import { capturedVersions, templates } from "@comfymulti/workflows";
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import {
  declarationSchema,
  policyLevelsSchema,
  stackKinds,
} from "../components/declaration/index.ts";

const NAMESPACE = "comfymulti";

/** Other namespaces that may stand in a stack's file: the engine's own and the providers'. */
const FOREIGN_NAMESPACES = ["pulumi", "cloudflare", "command", "docker", "tailscale"];

const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const port = () => wholeNumber(1024, 65_000);
const comfyuiVersion = () =>
  z.enum(capturedVersions(), {
    error: (issue) =>
      `${String(issue.input)} is not a ComfyUI version with captured node definitions: use one of ${capturedVersions().join(", ")}`,
  });

/** Records that the stack's declaration carries on to the policies. */
const records = declarationSchema.shape;

const templateIds = templates.map(({ id }) => id);

export const settingsSchema = z.strictObject({
  /** Which program the stack runs. Default: the stack's own name. */
  kind: z.enum(stackKinds),
  /** Prefix of every name that people see, and of buckets. */
  projectName: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,30}$/, "is lower-case letters, digits and -, 2 to 31 of them")
    .default("comfyume"),

  /** Participants: user001 … userNNN, each with a link of their own. */
  users: wholeNumber(1, 99).default(4),
  /** ComfyUI version whose editor the participants see. */
  frontendVersion: comfyuiVersion().default("0.11.1"),

  /** GPU workers: worker-1 … worker-N. */
  workers: wholeNumber(1, 8).default(1),
  /** ComfyUI version that the workers run. */
  workerVersion: comfyuiVersion().default("0.11.1"),
  /**
   * Real ComfyUI servers to drive instead of the simulated one, the first for worker-1 and so on.
   * Default: none, each worker gets a simulated ComfyUI.
   */
  comfyuiUrls: jsonText(z.array(z.url({ protocol: /^https?$/ }))).default([]),
  /** Templates that must run on every worker: policies compare them with versions and GPUs. */
  templates: jsonText(z.array(z.enum(templateIds))).default(templateIds),
  /** When everything rented is given back: a date and time with its zone. Default: never. */
  endsAt: records.endsAt,
  /** The most that may be spent from now until the end, VAT included: currency and amount. */
  budget: jsonText(records.budget.unwrap()).optional(),
  /** Versions that were tried with few people: service, version, stack, at, and jobs completed. */
  canaries: jsonText(records.canaries.unwrap()).default([]),
  /** Versions that can be had back: service, version, and image by digest. */
  retained: jsonText(records.retained.unwrap()).default([]),
  /** The last backup: when (`at`) and of what (`of`). Default: none. */
  lastBackup: jsonText(records.lastBackup.unwrap()).optional(),
  /** Levels of policies on this stack instead of their own: rule → advisory, mandatory or disabled. */
  policyLevels: jsonText(policyLevelsSchema).default({}),
  /** Simulated seconds per real second: 60 renders a simulated minute in one second. */
  simulationSpeed: z.coerce.number().min(0.1).max(10_000).default(20),

  /** The one port that browsers use. */
  gatewayPort: port().default(8600),
  redisPort: port().default(8610),
  frontendPort: port().default(8620),
  /** Simulated ComfyUI of worker-1; worker-N takes this plus N-1. */
  comfyuiPort: port().default(8630),
  /** Health of worker-1; worker-N takes this plus N-1. */
  workerHealthPort: port().default(8640),

  /** Jobs that may wait in all, before a submit is answered with 429. */
  maxQueueDepth: wholeNumber(1, 100_000).default(100),
  /** Jobs of one participant that may wait. */
  userPendingLimit: wholeNumber(1, 1000).default(5),
  /**
   * Order of the queue: `fair` in GPU seconds between participants; `fifo`, first come, first served;
   * `priority`, as the host sets it, then first come, first served.
   */
  queuePolicy: z.enum(["fair", "fifo", "priority"]).default("fair"),
  /**
   * GPU seconds by which a job may go before its turn because a worker has its models loaded; 0 =
   * never. Under the policy `fair` only.
   */
  modelAffinitySeconds: wholeNumber(0, 3600).default(60),
  /** How often one job may be passed over so; then it is next. */
  modelAffinityPasses: wholeNumber(0, 20).default(3),
  /** Attempts of one job that may end in a crash of ComfyUI; the last one fails it. */
  maxAttempts: wholeNumber(1, 20).default(3),
  /** Workers that may be lost over one job; one more fails it. */
  maxWorkerLosses: wholeNumber(1, 100).default(10),
  /** Ended jobs kept of each participant. */
  historyPerUser: wholeNumber(10, 10_000).default(200),
  /** Days for which ended jobs are kept. */
  historyDays: wholeNumber(1, 365).default(7),
  /**
   * Whether a graph that the workers would refuse gets inputs that it lacks, where the node's
   * definition states a default.
   */
  migratePrompts: z.stringbool().default(true),
  /** What one participant's uploads may take on the app server's disk, GiB. */
  userUploadGib: wholeNumber(1, 1000).default(5),
  /** Seconds after which a silent worker's job goes back to the queue. */
  leaseSeconds: wholeNumber(5, 600).default(30),
  /** Seconds without any progress after which a job is ended. */
  executionTimeoutSeconds: wholeNumber(10, 86_400).default(900),
  /** Seconds that one job may take in all. */
  jobTimeoutSeconds: wholeNumber(10, 86_400).default(1800),
});
export type Settings = z.infer<typeof settingsSchema>;

/** Faults in a stack's settings, all of them at once. */
export class SettingsError extends Error {
  readonly faults: readonly string[];

  constructor(stack: string, faults: readonly string[]) {
    super(
      `Pulumi.${stack}.yaml has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n` +
        faults.map((fault) => `  - ${fault}`).join("\n"),
    );
    this.name = "SettingsError";
    this.faults = faults;
  }
}

/**
 * Settings of a stack from its configuration.
 *
 * @param stack The stack's name.
 * @param config Full keys (`comfymulti:users`) and their text.
 * @throws SettingsError with every fault and its property path.
 */
export function parseSettings(stack: string, config: Readonly<Record<string, string>>): Settings {
  const own: Record<string, string> = {};
  const faults: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    const [namespace = "", name = ""] = key.split(":");
    if (namespace === NAMESPACE) own[name] = value;
    else if (!FOREIGN_NAMESPACES.includes(namespace)) {
      faults.push(`${key}: unknown namespace; settings of this project start with ${NAMESPACE}:`);
    }
  }
  const result = settingsSchema.safeParse({ kind: stack, ...own });
  if (!result.success) faults.push(...result.error.issues.flatMap((issue) => describe(issue)));
  if (result.success) faults.push(...portClashes(result.data));
  if (!result.success || faults.length > 0) throw new SettingsError(stack, faults);
  return result.data;
}

function describe(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${NAMESPACE}:${key}: unknown setting${suggestion(key)}`);
  }
  return [`${NAMESPACE}:${issue.path.map(String).join(".")}: ${issue.message}`];
}

/** More letters than this apart is another word, not a typo. */
const LARGEST_TYPO = 3;

/** "; did you mean …?" when a known setting is a typo away. */
function suggestion(key: string): string {
  const nearest = closest(key, Object.keys(settingsSchema.shape));
  return distance(key, nearest) <= LARGEST_TYPO ? `; did you mean ${NAMESPACE}:${nearest}?` : "";
}

/** Two services on one port would only be found when the second one starts. */
function portClashes(settings: Settings): string[] {
  const owners = new Map<number, string>();
  const faults: string[] = [];
  const claim = (owner: string, number: number) => {
    const other = owners.get(number);
    if (other) faults.push(`${NAMESPACE}:${owner}: port ${number} is also ${NAMESPACE}:${other}'s`);
    else owners.set(number, owner);
  };
  claim("gatewayPort", settings.gatewayPort);
  claim("redisPort", settings.redisPort);
  claim("frontendPort", settings.frontendPort);
  for (let index = 0; index < settings.workers; index++) {
    claim("comfyuiPort", settings.comfyuiPort + index);
    claim("workerHealthPort", settings.workerHealthPort + index);
  }
  return faults;
}
