/**
 * The record of an upgrade: what was wanted, what each phase came to, and the way back. It is the
 * journal, too: the same command goes on from it. It holds no secret.
 */
import { z } from "zod";
import { triggers } from "./judge.ts";
import { orders } from "./plan.ts";
import { upgradedServices, versionKeys } from "./versions.ts";

const time = z.iso.datetime();

/** Version settings as the stack's file has them; one that is left out has its default. */
const writtenSchema = z.partialRecord(z.enum(versionKeys), z.unknown());
export type WrittenVersions = z.infer<typeof writtenSchema>;

const phaseSchema = z.object({
  id: z.string(),
  service: z.enum(upgradedServices),
  version: z.string(),
  covers: z.array(z.string()),
  /**
   * `applying`: settings are written, the update may be under way. `watching`: the update is done.
   * `leaving`: it goes back.
   */
  status: z.enum(["open", "applying", "watching", "leaving", "promoted", "rolled-back"]),
  startedAt: time.optional(),
  endedAt: time.optional(),
  /** Before the phase: where a rollback of it leads. */
  before: writtenSchema.optional(),
  /** When its update was done, by the gateway's clock, ms since the epoch. */
  since: z.number().optional(),
  /** Jobs that its participants or workers completed. */
  jobs: z.number().int().nonnegative().default(0),
  /** Of the update alone, seconds. */
  updateSeconds: z.number().nonnegative().optional(),
  /** Why it was rolled back. */
  breach: z.object({ trigger: z.enum(triggers), sentence: z.string() }).optional(),
  /** From the breach to everything well again, seconds. */
  rollbackSeconds: z.number().nonnegative().optional(),
});
export type PhaseRecord = z.infer<typeof phaseSchema>;

/** One way back, or of a drill one way. */
const rollbackSchema = z.object({
  kind: z.enum(["rollback", "drill-back", "drill-forth"]),
  at: time,
  /** From the decision to everything well, seconds. */
  seconds: z.number().nonnegative(),
  /** Jobs that waited or ran at the decision, */
  acceptedJobs: z.number().int().nonnegative(),
  /** and those of them that the queue does not know any more. */
  lostJobs: z.array(z.string()),
});
export type RollbackRecord = z.infer<typeof rollbackSchema>;

export const recordSchema = z.object({
  version: z.literal(1),
  /** `2026-11-23T220102Z`: begins with the newest when sorted backwards. */
  id: z.string().regex(/^\d{4}-\d\d-\d\dT\d{6}Z$/),
  stack: z.string(),
  startedAt: time,
  endedAt: time.optional(),
  to: z.partialRecord(z.enum(upgradedServices), z.string()),
  order: z.enum(orders),
  /**
   * `running` also when it was cut off. `rolled-back`: a phase went back by itself, those before it
   * stayed. `returned`: `comfymulti rollback` took all of it back.
   */
  status: z.enum(["running", "promoted", "rolled-back", "returned"]),
  /** Before the upgrade: where `comfymulti rollback` leads. */
  before: writtenSchema,
  /** Versions in use before the upgrade. */
  ranBefore: z.object({ frontend: z.array(z.string()), worker: z.array(z.string()) }),
  phases: z.array(phaseSchema),
  rollbacks: z.array(rollbackSchema).default([]),
  /** A drill that was begun: what it has to bring back. */
  drilling: writtenSchema.optional(),
});
export type UpgradeRecord = z.infer<typeof recordSchema>;

/** Names an upgrade by the second that it began. */
export const recordId = (now: Date): string => now.toISOString().replaceAll(/:|\.\d+/g, "");
