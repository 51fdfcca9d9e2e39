import type * as pulumi from "@pulumi/pulumi";
import { isAbsolute } from "node:path";
import { z } from "zod";
import type { ContainerSpec } from "./docker/container-spec.ts";

/**
 * What a service is, independent of where it runs. A host (see `host.ts`) turns it into processes
 * or containers. Every value here is plain after resolution; programs pass `ServiceSpec`, in which
 * any value may be a Pulumi Output.
 *
 * `serviceSpecSchema` is what both hosts read, and all that a process needs. What a container needs
 * besides (image, user, limits, mounts, and paths and addresses that differ in there) is in its part
 * `container`, `docker/container-spec.ts`.
 */

/** A service's name within its stack: it names the log file, the socket route and the resource. */
export const serviceNameSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,62}$/,
    "must be lower-case letters, digits and dashes, starting with a letter, at most 63 characters",
  );

/** A path that does not depend on anyone's current directory. */
export const absolutePathSchema = z
  .string()
  .max(4096)
  .refine((path) => isAbsolute(path) && !path.includes("\0"), "must be an absolute path");

const plainText = z.string().refine((text) => !text.includes("\0"), "must not contain a NUL byte");

const environmentSchema = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable name"), plainText)
  .default({});

const timeoutSeconds = z.number().positive().max(3600).default(60);

/** How to learn that a service is ready, and later that it still is. */
export const healthSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    /** Ready when a GET of `url` answers 2xx. */
    kind: z.literal("http"),
    url: z.url({ protocol: /^https?$/ }),
    timeoutSeconds,
  }),
  z.strictObject({
    /** Ready when the first of `listens` accepts a connection. */
    kind: z.literal("tcp"),
    timeoutSeconds,
  }),
  z.strictObject({
    /** Ready when `argv` exits with 0; it runs with the service's environment and directory. */
    kind: z.literal("command"),
    argv: z.array(plainText).min(1),
    timeoutSeconds,
  }),
]);

/** An address that a service listens on; it has to be free before the service starts. */
export const listenSchema = z.strictObject({
  host: z.string().min(1).default("127.0.0.1"),
  port: z.number().int().min(1).max(65_535),
  /** The stack setting that chooses the port, e.g. `gatewayPort`: named when the port is taken. */
  purpose: z.string().min(1),
});

export const serviceSpecSchema = z
  .strictObject({
    /** What runs, shown in status. A new version restarts the service. */
    version: z.string().min(1).max(200),
    /** Program and arguments. Visible to every user of the machine: never put a secret here. */
    command: z.array(plainText).min(1),
    environment: environmentSchema,
    /** Secret variables: encrypted in the state, handed to the process only by its environment. */
    secretEnvironment: environmentSchema,
    workingDirectory: absolutePathSchema,
    /** Directories made (mode 0700) before the first start. Never removed by the host. */
    directories: z.array(absolutePathSchema).default([]),
    listens: z.array(listenSchema).default([]),
    /** `timeoutSeconds` is the time until the first success; default 60. */
    health: healthSchema,
    /** The leader gets `signal`; after `graceSeconds` the whole process group is killed. */
    stop: z
      .strictObject({
        signal: z.enum(["SIGTERM", "SIGINT", "SIGQUIT"]).default("SIGTERM"),
        graceSeconds: z.number().nonnegative().max(600).default(10),
      })
      .default({ signal: "SIGTERM", graceSeconds: 10 }),
    /** Wait before a restart: doubled from `minSeconds` to `maxSeconds`. Exit 78 ends restarting. */
    restart: z
      .strictObject({
        minSeconds: z.number().positive().max(3600).default(1),
        maxSeconds: z.number().positive().max(3600).default(30),
      })
      .default({ minSeconds: 1, maxSeconds: 30 }),
  })
  .superRefine((spec, context) => {
    if (spec.health.kind === "tcp" && spec.listens.length === 0) {
      context.addIssue({
        code: "custom",
        path: ["health"],
        message: 'kind "tcp" checks the first of listens, and listens is empty: add the address',
      });
    }
  });

/** A service with every default filled in and every Output resolved. */
export type ResolvedServiceSpec = z.output<typeof serviceSpecSchema>;
export type Health = z.output<typeof healthSchema>;
export type Listen = z.output<typeof listenSchema>;

/** `T` in which every value, at any depth, may be a Pulumi Output. */
export type DeepInput<T> = T extends string | number | boolean | undefined
  ? pulumi.Input<T>
  : pulumi.Input<{ [K in keyof T]: DeepInput<T[K]> }>;

/** What programs pass to `Host.service`. */
export type ServiceSpec = {
  readonly [K in keyof z.input<typeof serviceSpecSchema>]: DeepInput<
    z.input<typeof serviceSpecSchema>[K]
  >;
} & {
  /** How it runs as a container. A `DockerHost` needs it, a `ProcessHost` leaves it aside. */
  readonly container?: ContainerSpec;
};
