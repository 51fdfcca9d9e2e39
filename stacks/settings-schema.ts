/**
 * Every setting of a stack: one schema that validates `Pulumi.<stack>.yaml`, gives the types, and
 * states meaning, unit and default. Unknown keys are refused, so that a typo is found at preview.
 *
 * Values come from Pulumi configuration in the namespace `comfymulti`, where each is a string;
 * lists and objects are JSON there (`pulumi config set --path` writes them so).
 */
import { jsonText } from "@comfymulti/configuration";
import { capturedVersions, templates } from "@comfymulti/workflows";
import { z } from "zod";
import { frontendEngines } from "../components/app-server/index.ts";
import {
  declarationSchema,
  policyLevelsSchema,
  stackKinds,
} from "../components/declaration/index.ts";
import { cloudSettings } from "./cloud-settings.ts";

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

/** `user020`, or a row of them: `user016-user020`. */
const participants = z
  .string()
  .regex(/^user\d{3}(-user\d{3})?$/, "must be a participant or a row of them, user016-user020");

const editor = z.strictObject({
  /** ComfyUI version of the editor. Default: `frontendVersion`. */
  version: comfyuiVersion().optional(),
  /** Default: `frontendEngine`. */
  engine: z.enum(frontendEngines).optional(),
});

const participant = z.string().regex(/^user\d{3}$/, "must be a participant, user003");

/** `EUR` */
const currency = z
  .string()
  .regex(/^[A-Za-z]{3}$/, "must be a currency of three letters, EUR")
  .transform((code) => code.toUpperCase());
const amount = z.number().positive().max(1e9);

/** What is paid for by hand, taxes included. */
const otherCost = z.strictObject({
  name: z.string().min(1).max(100),
  amount,
  currency,
  per: z.enum(["hour", "month"]),
});

const workerName = z.string().regex(/^worker-\d$/, "must be a worker's name, worker-1");

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
  /**
   * Participants of these who are no longer there, `["user003"]`: their files stay, their numbers are
   * not given again. `comfymulti users remove` writes it.
   */
  removedUsers: jsonText(z.array(participant).max(98)).default([]),
  /**
   * Participants whose link lets nobody in until it is made anew: `["user003"]`. `comfymulti users
   * revoke` and `rotate` write it.
   */
  revokedUsers: jsonText(z.array(participant).max(99)).default([]),
  /**
   * How often a participant's link was made anew, counted from 1: `{"user003": 2}`. Another number is
   * another link. `comfymulti users rotate` writes it. Default: 1 each.
   */
  linkGenerations: jsonText(z.record(participant, z.int().min(1).max(1_000_000))).default({}),
  /** ComfyUI version whose editor the participants see. */
  frontendVersion: comfyuiVersion().default("0.11.1"),
  /**
   * `light`: the editor alone, all participants from one process. `comfyui`: a whole ComfyUI for each
   * participant, with custom nodes of their own. `comfyui-shared`: one whole ComfyUI for all. The
   * last two in the cloud only.
   */
  frontendEngine: z.enum(frontendEngines).default("light"),
  /**
   * Participants whose editor differs, by name or row: `{"user016-user020": {"version": "0.11.1"}}`.
   * Later ones go before earlier ones. A frontend canary is an entry in here.
   */
  frontends: jsonText(z.record(participants, editor)).default({}),

  /** GPU workers: worker-1 … worker-N. In the cloud 0 where `serverless` does the work. */
  workers: wholeNumber(0, 8).default(1),
  /** ComfyUI version that the workers run. */
  workerVersion: comfyuiVersion().default("0.11.1"),
  /** Workers whose version differs: `{"worker-1": "0.11.1"}`. A worker canary is an entry in here. */
  workerVersions: jsonText(z.record(workerName, comfyuiVersion())).default({}),
  /**
   * Real ComfyUI servers to drive instead of the simulated one, the first for worker-1 and so on.
   * Default: none, each worker gets a simulated ComfyUI.
   */
  comfyuiUrls: jsonText(z.array(z.url({ protocol: /^https?$/ }))).default([]),
  /** Templates that must run on every worker: policies compare them with versions and GPUs. */
  templates: jsonText(z.array(z.enum(templateIds))).default(templateIds),
  /** When everything rented is given back: a date and time with its zone. Default: never. */
  endsAt: records.endsAt,
  /**
   * What a teardown leaves, by the name of the resource: `["fleet-shared-filesystem"]` keeps the
   * models' filesystem, and goes on paying for it. Buckets are always left. Default: nothing else.
   */
  keep: jsonText(z.array(z.string().min(1).max(200)).max(100)).default([]),
  /** The most that may be spent from now until the end, VAT included: currency and amount. */
  budget: jsonText(records.budget.unwrap()).optional(),
  /** Value added tax on rented machines, percent; Verda's prices are without. Default 0. */
  vatPercent: z.coerce.number().min(0).max(30).default(0),
  /**
   * What `comfymulti cost --enforce` does once the budget is spent: `drain` lets no further job start;
   * `warn` only says so.
   */
  budgetAction: z.enum(["drain", "warn"]).default("drain"),
  /** What one unit of another currency is worth in the budget's: `{"USD": 0.9}`. Default: none. */
  exchangeRates: jsonText(z.record(currency, amount)).default({}),
  /**
   * What is paid for by hand, taxes included, as the VPS: `[{"name": "VPS", "amount": 12, "currency":
   * "EUR", "per": "month"}]`. Default: none, and forecasts say what they lack.
   */
  otherCosts: jsonText(z.array(otherCost).max(50)).default([]),
  /** GB in the stack's buckets, for forecasts. Default: the models alone. */
  vaultGb: z.coerce.number().nonnegative().max(1e6).optional(),
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

  /** The one port that browsers use; in the cloud the one that workers use in the private network. */
  gatewayPort: port().default(8600),
  /** Redis; in the cloud in the private network. */
  redisPort: port().default(8610),
  /** The oldest captured version's light editor; the next version takes the next port. */
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

  ...cloudSettings,
});
export type Settings = z.infer<typeof settingsSchema>;
