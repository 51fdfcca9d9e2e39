/** What a simulator can be told at its start; every figure has a default. */
import { z } from "zod";

const seconds = z.number().nonnegative().max(86_400);
const count = z.number().int().nonnegative();

/** How long the steps of an asynchronous operation last, in simulated seconds. The real ones are not published. */
export const durationsSchema = z.strictObject({
  /** An instance stays `ordered`. */
  ordered: seconds.default(3),
  /** Then `provisioning`. */
  provisioning: seconds.default(40),
  /** Then `validating`, then it is `running`. */
  validating: seconds.default(5),
  /** How long after `running` the address appears. */
  address: seconds.default(2),
  /** From an accepted `shutdown` to `offline`. */
  shutdown: seconds.default(8),
  /** From an accepted `start` to `running`. */
  start: seconds.default(15),
  /** An instance stays `deleting`. */
  delete: seconds.default(8),
  /** A volume stays `ordered`, `attaching`, `detaching`, `deleting` or `restoring`. */
  volume: seconds.default(3),
  /** A copy stays `cloning`. */
  clone: seconds.default(20),
  /** A deployment stays `initializing`, and `updating` after a change. */
  deploymentStart: seconds.default(5),
  /** Then `image_pulling`, then it is `healthy`. */
  imagePull: seconds.default(30),
  /** A deployment stays `terminating`. */
  deploymentDelete: seconds.default(5),
});

export const quotaSchema = z.strictObject({
  /** Instances at one time. */
  instances: count.default(50),
  /** GPUs of all instances together. */
  gpus: count.default(64),
  /** Volumes, those in the trash included. */
  volumes: count.default(100),
  /** GB of all volumes together, those in the trash included. */
  storageGigabytes: count.default(50_000),
  /** Startup scripts. */
  startupScripts: count.default(100),
  /** Replicas of all container deployments together; more ends in `quota_reached`. */
  replicas: count.default(64),
});

export const rateLimitSchema = z.strictObject({
  /** Requests of the project in a window. */
  project: z.number().int().positive().default(500),
  /** Requests of one method and path in a window; listing instances or volumes may double it. */
  endpoint: z.number().int().positive().default(60),
  /** Length of a window in real seconds. */
  windowSeconds: z.number().positive().default(60),
});

export const deviationsSchema = z.strictObject({
  /** A block volume may be attached to a running instance: seen once, against the documentation. */
  attachWhileRunning: z.boolean().default(false),
  /** Deleting a spot instance without `volume_ids` leaves its system disk, detached and billed: seen once. */
  systemDiskOutlivesSpot: z.boolean().default(false),
});

export const optionsSchema = z.strictObject({
  /** TCP port on 127.0.0.1. Default: a free one. */
  port: z.number().int().min(0).max(65_535).default(0),
  /** The one client that may ask for a token. */
  clientId: z.string().min(1).max(200),
  clientSecret: z.string().min(1).max(200),
  /** Simulated seconds in a real one. Tokens and rate limits keep real time: clients measure them by their own clock. */
  speed: z.number().positive().max(100_000).default(1),
  /** Simulated time at the start. Default: the real one, or where `stateFile` left off. */
  startsAt: z.date().optional(),
  /** Life of an access token in real seconds. */
  tokenSeconds: z.number().positive().max(86_400).default(3600),
  /** Life of a refresh token in real seconds; the real one is unknown. */
  refreshTokenSeconds: z.number().positive().max(864_000).default(7200),
  /** How many of an instance type a location can hold, as location → type → number. What is not named: `defaultCapacity`. */
  capacity: z.record(z.string(), z.record(z.string(), count)).default({}),
  /** Instances of a type that a location can hold, where `capacity` does not say. */
  defaultCapacity: count.default(8),
  /** Replicas that a serverless compute can hold, by its name. Default: 64. */
  computeCapacity: z.record(z.string(), count).default({}),
  quota: quotaSchema.prefault({}),
  /** `false` for none. */
  rateLimit: z.union([z.literal(false), rateLimitSchema]).prefault({}),
  durations: durationsSchema.prefault({}),
  deviations: deviationsSchema.prefault({}),
  /** Where deployments say that they answer, before `/<name>`: a stand-in's address, say. */
  containersUrl: z.url().default("https://containers.datacrunch.io"),
  /** Money at the start. */
  balance: z.number().default(1000),
  currency: z.enum(["usd", "eur"]).default("usd"),
  /** File that keeps the state, so that a simulator started again goes on. Default: memory only. */
  stateFile: z.string().min(1).optional(),
});

/** What `startVerdaSimulator` takes. */
export type VerdaSimulatorOptions = z.input<typeof optionsSchema>;
/** The same with every default filled in. */
export type SimulatorSettings = z.output<typeof optionsSchema>;
