/** What the two scripts are rendered from. */
import { z } from "zod";

/** A folder on the machine: plain characters, so that it may stand in fstab and in units of systemd. */
const folder = z
  .string()
  .max(200)
  .regex(
    /^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/,
    "must be an absolute path of letters, digits, dots, dashes and _",
  );

const numericOwner = z
  .string()
  .regex(/^\d{1,9}:\d{1,9}$/, 'must be the numbers of user and group, "10001:10001"');

const port = z.number().int().min(1).max(65_535);

const tailscale = z.strictObject({
  /** A key for one machine, tagged and short-lived. Secret; it is used once and then blotted out. */
  authKey: z
    .string()
    .max(500)
    .regex(/^tskey-[A-Za-z0-9_-]{8,}$/, "must be an auth key of Tailscale, tskey-auth-…"),
  /** The machine's name in the private network. */
  hostname: z
    .string()
    .max(63)
    .regex(
      /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
      "must be small letters, digits and dashes, as a host name",
    ),
  /** What the private network's rules go by; the same as the key's. */
  tags: z
    .array(z.string().regex(/^tag:[A-Za-z][A-Za-z0-9-]*$/, "must be a tag such as tag:worker"))
    .min(1)
    .max(10),
});

/** TCP ports that are open to the whole internet. */
const openPorts = z.array(port).max(50);

export const gpuRecordSchema = z.strictObject({
  scratch: z.strictObject({
    /** The volume's id, which becomes its filesystem's UUID. */
    volumeId: z.uuid({ error: "must be the volume's id, a UUID" }),
    path: folder.default("/mnt/scratch"),
  }),
  sharedFilesystem: z.strictObject({
    /** `nfs.fin-01.datacrunch.io:/volume-84Ca37Jf`. */
    target: z
      .string()
      .max(300)
      .regex(/^[A-Za-z0-9.-]+:\/[A-Za-z0-9._/-]+$/, "must be server:/path, as the API names it"),
    path: folder.default("/mnt/sfs"),
    /** Options of the mount. */
    options: z
      .string()
      .regex(/^[a-z0-9=,_-]+$/)
      .default("nconnect=16"),
  }),
  /** Where `models`, `outputs` and `inputs` are linked for people at the machine. */
  dataDirectory: folder.default("/srv/comfymulti/data"),
  /** Owner of what the worker writes; the user of its image. */
  workerUser: numericOwner.default("10001:10001"),
  tailscale,
  /** Default: none; the machine is reached over the private network. */
  openPorts: openPorts.default([]),
});

export const hostRecordSchema = z.strictObject({
  tailscale,
  /** Default 22, 80 and 443. Without 22 the machine is reached over the private network alone. */
  openPorts: openPorts.default([22, 80, 443]),
  directories: z
    .array(
      z.strictObject({
        path: folder,
        owner: numericOwner.default("10001:10001"),
        /** As chmod takes it. */
        mode: z
          .string()
          .regex(/^[0-7]{3}$/, "must be three octal digits")
          .default("750"),
      }),
    )
    .max(100)
    .default([]),
  /** MB; 0 = none. Default 4096. */
  swapMb: z.number().int().min(0).max(262_144).default(4096),
  /**
   * When the machine may restart for an upgrade of its kernel, `04:00`. Default: never by itself, since
   * it would end what runs.
   */
  rebootAt: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day, 04:00")
    .optional(),
});

/** Nothing that would end a quoted value of curl's configuration. */
const credential = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^"\\\r\n]*$/, 'must have no ", \\ or line break');

export const imageLoadSchema = z.strictObject({
  /** Name and tag by which Docker is to have it. */
  localName: z
    .string()
    .max(300)
    .regex(/^[a-z0-9][a-z0-9._/-]*:[\w.-]+$/, "must be a name with a tag"),
  /** Of the archive's bytes. */
  archiveSum: z.string().regex(/^[0-9a-f]{64}$/, "must be a sha256"),
  /** The archive in its bucket, over S3. */
  objectUrl: z.url({ protocol: /^https?$/ }),
  accessKeyId: credential,
  /** Secret. */
  secretAccessKey: credential,
  /** Where the archive lies while it is loaded; needs as much room as it is large. */
  folder: folder.default("/var/lib/comfymulti/images"),
});

export type ImageLoad = z.input<typeof imageLoadSchema>;
export type GpuRecord = z.input<typeof gpuRecordSchema>;
export type HostRecord = z.input<typeof hostRecordSchema>;
