/**
 * What a service needs as a container beside its `ServiceSpec`. Everything in here is seen from
 * inside the container: its paths, its user, the addresses that it listens on.
 */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\0]*$/, "must be an absolute path");

/** A folder of the machine, or a named volume, at a place in the container. */
export const mountSchema = z.strictObject({
  /** `bind`: `source` is an absolute path on the machine and must be there. `volume`: a volume's name. */
  type: z.enum(["bind", "volume"]),
  source: z.string().min(1).max(4096),
  target: absolutePath,
  readOnly: z.boolean().default(false),
});

/** A port of the container on an address of the machine. */
export const publishedPortSchema = z.strictObject({
  internal: z.number().int().min(1).max(65_535),
  external: z.number().int().min(1).max(65_535),
  /**
   * Default 127.0.0.1. A published port goes around the machine's firewall: choose with care. An
   * Output where the address is known only once the machine has it.
   */
  ip: z
    .union([
      z.string().min(1),
      z.custom<pulumi.Output<string>>((value) => pulumi.Output.isInstance(value)),
    ])
    .default("127.0.0.1"),
});

/** The structure of a container; known when the program runs, so that faults show at once. */
export const containerShapeSchema = z.strictObject({
  /** Entry point and arguments. Default: the image's own. The command of a process is never used. */
  entrypoint: z.array(z.string()).min(1).optional(),
  command: z.array(z.string()).optional(),
  /** `uid:gid`, never root. */
  user: z
    .string()
    .regex(
      /^[1-9]\d*:[1-9]\d*$/,
      'must be numbers of a user and group other than root, "10001:10001"',
    )
    .default("10001:10001"),
  /** Most memory, MB of 1024 × 1024 bytes; the container is ended beyond it. Swap is not given. */
  memoryMb: z.number().int().min(16),
  /** CPU cores, 0.5 = half of one. */
  cpus: z.number().positive().max(1024),
  /** Whether everything but mounts and `writable` is read-only. Default true. */
  readOnly: z.boolean().default(true),
  /** Folders in memory that it may write; lost when it ends. Default /tmp. */
  writable: z.array(absolutePath).default(["/tmp"]),
  mounts: z.array(mountSchema).max(50).default([]),
  /** Networks that it joins, where its name is its address. Left out: those of the host. */
  networks: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        /** An address that stays the same when the container is replaced. Default: any. */
        address: z.ipv4().optional(),
      }),
    )
    .optional(),
  /** Uses the machine's own network instead: no ports are published then. Default false. */
  hostNetwork: z.boolean().default(false),
  ports: z.array(publishedPortSchema).max(50).default([]),
  /** GPUs of the machine that it sees; needs the NVIDIA container runtime. Default none. */
  gpus: z.literal("all").optional(),
  /** Size of /dev/shm, MB. Default: Docker's 64. */
  sharedMemoryMb: z.number().int().min(1).max(1_048_576).optional(),
  /**
   * What tells, run inside, whether it is well. Default: for `health.kind` http, `curl` of that URL;
   * for `command`, its argv. Needed for `tcp`, and in images without curl.
   */
  healthCommand: z.array(z.string()).min(1).optional(),
});

export type ContainerShape = z.output<typeof containerShapeSchema>;

export type ContainerSpec = z.input<typeof containerShapeSchema> & {
  /** `name:tag@sha256:…`, or the id of an image that the machine holds. Never a moving tag. */
  readonly image: pulumi.Input<string>;
  /**
   * Variables whose value differs inside: listening addresses, folders. Added to `environment`;
   * undefined leaves one out.
   */
  readonly environment?: Readonly<Record<string, pulumi.Input<string> | undefined>>;
};
