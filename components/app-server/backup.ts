/**
 * Regular, encrypted, verified backups of the app server into a bucket: what Redis holds,
 * participants' files and settings, and the stack's state. services/backup/README.md
 */
import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import { z } from "zod";
import type { Host, Service } from "../hosts/index.ts";
import { repository as checkout } from "../installation.ts";
import type { ContainerPlace } from "./container-place.ts";
import type { RedisAddress } from "./redis.ts";

/** Schedule and retention of backups: `comfymulti:backup`. */
export const backupSettingsSchema = z.strictObject({
  /**
   * Where they go, as restic writes it: `s3:https://ACCOUNT.eu.r2.cloudflarestorage.com/BUCKET/STACK`.
   * Nothing may delete objects there by age: a backup refers to objects of older ones. Default: the
   * stack's own folder in the vault's bucket for configuration.
   */
  repository: z
    .string()
    .regex(
      /^s3:https?:\/\/[A-Za-z0-9.:[\]-]+(\/[A-Za-z0-9._-]+)+$/,
      "must look like s3:https://HOST/BUCKET/FOLDER",
    )
    .optional(),
  /** Hours between two backups. Default 1. */
  everyHours: z.number().min(0.05).max(168).default(1),
  /** So many of the newest hours' last backups are kept. Default 48. */
  keepHourly: z.int().min(1).max(1000).default(48),
  /** … of the newest days'. Default 14. */
  keepDaily: z.int().min(0).max(1000).default(14),
  /** … of the newest weeks'. Default 8. */
  keepWeekly: z.int().min(0).max(1000).default(8),
});
export type BackupSettings = z.output<typeof backupSettingsSchema>;

/**
 * What the backup's user may do in Redis: have a copy of everything sent, as a replica has, and
 * nothing else. For `RedisUser.rules`.
 */
export const BACKUP_RULES = "resetkeys resetchannels -@all +ping +sync +psync +replconf";

/** What a program needs to read or write a stack's backups. All of it is to be kept outside, too. */
export const backupAccessSchema = z.object({
  /** Variables of services/backup/backup.sh; with the passwords. */
  environment: z.record(z.string(), z.string()),
  place: z.discriminatedUnion("kind", [
    z.object({
      /** The service is a process of this machine. */
      kind: z.literal("process"),
      dataDirectory: z.string(),
    }),
    z.object({
      /** It is a container of a machine that ssh reaches. */
      kind: z.literal("container"),
      /** `root@comfyume-app`. */
      ssh: z.string(),
      sshOptions: z.array(z.string()),
      /** Holds redis/, files/, userdata/ and backup/, on that machine. */
      dataDirectory: z.string(),
      image: z.string(),
      /** Begins the names of the stack's containers, `comfyume-workshop`. */
      prefix: z.string(),
    }),
  ]),
});
export type BackupAccess = z.output<typeof backupAccessSchema>;

export interface BackupArgs {
  readonly host: Host;
  /** Version shown in status. */
  readonly version: string;
  /** Whose backups they are, `comfyume-workshop`: one repository may hold several. */
  readonly stackName: string;
  readonly settings: BackupSettings;
  /** As `settings.repository`, where that is left out. */
  readonly repository: pulumi.Input<string>;
  /**
   * Encrypts every backup; without it they are lost. It must outlive the stack: a secret setting, not
   * a token that the stack makes.
   */
  readonly password: pulumi.Input<string>;
  readonly accessKeyId: pulumi.Input<string>;
  readonly secretAccessKey: pulumi.Input<string>;
  /** Redis as the user of `BACKUP_RULES` reaches it. */
  readonly redis: RedisAddress;
  /**
   * Holds `redis/`, `files/` and `userdata/`; backups keep their own things in `backup/`. The same
   * path on the machine and in the container; the container's user owns it, as a restore renames
   * folders in it.
   */
  readonly dataDirectory: string;
  /**
   * Folders in there that are saved beside Redis; the machine has to have them before a container
   * starts, and `backup` too. Default files and userdata.
   */
  readonly folders?: readonly string[];
  /** For a host of containers. */
  readonly container?: ContainerPlace & {
    /** restic's index of a large repository is in memory: 100 GB need about 300 MB. Default 768. */
    readonly memoryMb?: number;
    /** How the CLI reaches the machine. */
    readonly ssh: pulumi.Input<string>;
    readonly sshOptions?: readonly string[];
    readonly prefix: string;
  };
}

/** The backup service of a stack. */
export class Backup extends pulumi.ComponentResource {
  readonly service: Service;
  /** For the stack's output, as a secret: `comfymulti backup` and `restore` need it. */
  readonly access: pulumi.Output<BackupAccess>;

  constructor(name: string, args: BackupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:Backup", name, {}, opts);
    const { settings, dataDirectory, container, redis } = args;
    const folders = args.folders ?? ["files", "userdata"];
    const script = path.join(checkout, "services", "backup", "backup.sh");

    const environment = {
      DATA_DIRECTORY: dataDirectory,
      BACKUP_FOLDERS: folders.join(" "),
      BACKUP_NAME: args.stackName,
      APP_SERVER_REDIS_HOST: redis.host,
      REDIS_PORT: String(redis.port),
      REDIS_USERNAME: redis.username,
      RESTIC_REPOSITORY: settings.repository ?? args.repository,
      // R2's only region; S3 clients want one to sign with.
      AWS_DEFAULT_REGION: "auto",
      INTERVAL_SECONDS: String(Math.round(settings.everyHours * 3600)),
      KEEP_HOURLY: String(settings.keepHourly),
      KEEP_DAILY: String(settings.keepDaily),
      KEEP_WEEKLY: String(settings.keepWeekly),
    };
    const secretEnvironment = {
      RESTIC_PASSWORD: args.password,
      AWS_ACCESS_KEY_ID: args.accessKeyId,
      AWS_SECRET_ACCESS_KEY: args.secretAccessKey,
      REDIS_PASSWORD: redis.password,
    };

    this.service = args.host.service(
      name,
      {
        version: args.version,
        command: ["bash", script, "serve"],
        environment,
        secretEnvironment,
        workingDirectory: path.dirname(script),
        directories: [
          path.join(dataDirectory, "backup"),
          ...folders.map((folder) => path.join(dataDirectory, folder)),
        ],
        health: { kind: "command", argv: ["bash", script, "health"], timeoutSeconds: 120 },
        // restic takes its lock off the repository when it is asked to end.
        stop: { graceSeconds: 30 },
        restart: { minSeconds: 5, maxSeconds: 300 },
        ...(container && {
          container: {
            image: container.image,
            healthCommand: ["/app/backup.sh", "health"],
            memoryMb: container.memoryMb ?? 768,
            cpus: 1,
            // Redis is in the one, the way out to the bucket in the other.
            networks: [{ name: "internal" }, { name: "edge" }],
            mounts: [
              ...folders.map((folder) => mount(dataDirectory, folder, true)),
              mount(dataDirectory, "backup", false),
            ],
          },
        }),
      },
      { parent: this },
    );

    this.access = pulumi.secret(
      pulumi
        .all([environment, secretEnvironment, container?.ssh, container?.image])
        .apply(([plain, secret, ssh, image]): BackupAccess => ({
          environment: { ...plain, ...secret },
          place:
            container && ssh !== undefined && image !== undefined
              ? {
                  kind: "container",
                  ssh,
                  sshOptions: [...(container.sshOptions ?? [])],
                  dataDirectory,
                  image,
                  prefix: container.prefix,
                }
              : { kind: "process", dataDirectory },
        })),
    );
    this.registerOutputs({});
  }
}

const mount = (dataDirectory: string, folder: string, readOnly: boolean) => {
  const place = path.join(dataDirectory, folder);
  return { type: "bind" as const, source: place, target: place, readOnly };
};
