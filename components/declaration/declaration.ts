/**
 * What a stack says of itself as a whole: versions, records of its operation, money, edge. The one
 * schema of it. No cloud resource shows these things, so policies read them here; a field that no
 * rule reads has no place in it.
 */
import { z } from "zod";

export const stackKinds = ["local", "staging", "workshop"] as const;
export type StackKind = (typeof stackKinds)[number];

/** What an upgrade moves, each with a version of its own. */
const upgradedService = z.enum(["frontend", "worker"]);

/** A ComfyUI version, `0.11.1`. Any is accepted here: rules say what an unknown one means. */
const version = z.string().regex(/^\d+\.\d+\.\d+$/, "must be a version of three numbers, 0.11.1");

const moment = z.iso.datetime({
  offset: true,
  error: "must be a date and time with its zone, 2026-03-01T18:00:00Z",
});

const frontendSchema = z.strictObject({
  /** Participant who sees it, `user001`. */
  user: z.string().min(1),
  /** `light` serves the editor alone; `comfyui` is a whole ComfyUI on the CPU. */
  engine: z.enum(["light", "comfyui"]),
  /** ComfyUI version whose editor it is. */
  version,
});

const workerSchema = z.strictObject({
  /** `worker-1`, or the name of a serverless deployment. */
  name: z.string().min(1),
  comfyuiVersion: version,
  /** `local` costs nothing; the others are rented by the hour. */
  host: z.enum(["local", "instance", "serverless"]),
  /** Memory of its GPU, MiB. Left out where it is simulated or not known. */
  gpuVramMiB: z.int().positive().optional(),
  /** Rented at the price at which the provider may take it back at any time. Default false. */
  spot: z.boolean().default(false),
});

/** A version that was tried with few people before it went to all. */
const canarySchema = z.strictObject({
  service: upgradedService,
  version,
  /** Stack on which it was tried. */
  stack: z.string().min(1),
  at: moment,
  /** Jobs that it completed. */
  jobs: z.int().nonnegative(),
});

/** What ran before and can be had back. */
const retainedSchema = z.strictObject({
  service: upgradedService,
  version,
  /** Image that is kept for it. Left out where no image is needed: services as processes. */
  image: z.string().min(1).optional(),
});

/** What a backup before an upgrade has to hold. */
export const backupParts = ["user-files", "worker-image", "shared-filesystem", "images"] as const;

/** Services that may stand behind a public path. */
const routeTargets = ["queue-manager", "frontend", "worker", "monitoring"] as const;

export const declarationSchema = z.strictObject({
  kind: z.enum(stackKinds),
  frontends: z.array(frontendSchema),
  workers: z.array(workerSchema),
  /** Templates that must run on every worker, by id. */
  templates: z.array(z.string().min(1)),
  canaries: z.array(canarySchema).default([]),
  /** Versions to which the stack can go back. */
  retained: z.array(retainedSchema).default([]),
  lastBackup: z.strictObject({ at: moment, of: z.array(z.enum(backupParts)) }).optional(),
  /** When everything rented is given back. */
  endsAt: moment.optional(),
  /** The most that the stack may cost from now until `endsAt`, VAT included. */
  budget: z
    .strictObject({ currency: z.string().length(3), amount: z.number().positive() })
    .optional(),
  /** What all that is declared costs an hour, in the budget's currency, VAT included. Default 0. */
  hourlyPrice: z.number().nonnegative().default(0),
  /** Whether metrics are collected and alerts sent. */
  monitoring: z.boolean(),
  /** The filesystem of the models, which all rented workers share. */
  sharedFilesystem: z
    .strictObject({
      sizeGb: z.int().positive(),
      /** Workers that mount it, by name. */
      mountedBy: z.array(z.string()),
    })
    .optional(),
  /** How browsers come in. */
  edge: z.strictObject({
    /** Whether it can be reached from outside this machine and its private network. */
    public: z.boolean(),
    tls: z.boolean(),
    /** Longest answer that a proxy waits for, seconds. Left out where there is no proxy. */
    proxyTimeoutSeconds: z.number().positive().optional(),
    routes: z.array(z.strictObject({ path: z.string().startsWith("/"), to: z.enum(routeTargets) })),
  }),
  /** Settings that look like secrets and stand in clear in the stack's file: names only. */
  plainSecrets: z.array(z.string()).default([]),
});

/** As rules and the provider see it. */
export type DeclaredPlatform = z.output<typeof declarationSchema>;
/** As a stack's program writes it. */
export type DeclarationArgs = z.input<typeof declarationSchema>;
