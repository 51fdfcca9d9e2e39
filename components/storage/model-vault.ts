import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { bucketNames, bucketRoles, type BucketRole, type VaultSettings } from "./settings.ts";

/** What an S3 client needs beside the endpoint and a bucket's name. */
export interface Credentials {
  readonly accessKeyId: pulumi.Output<string>;
  /** A Pulumi secret. */
  readonly secretAccessKey: pulumi.Output<string>;
}

const JURISDICTION = "eu";
const SECONDS_PER_DAY = 86_400;

/**
 * Cloudflare's permission groups for objects of single buckets, the same in every account:
 * https://developers.cloudflare.com/r2/api/tokens/ ("Workers R2 Storage Bucket Item …"). `Write`
 * reads and lists too.
 */
const permissionGroups = {
  read: "6a018a9f2fc74eb6b293b0c548f38b39",
  write: "2efd5506f9c8494dacb1fa10a3e7d5b6",
} as const;

/** Buckets that a worker restores from. */
const workersRead: readonly BucketRole[] = ["modelVault", "workerContainer"];

/** The R2 buckets of a project: private, in the EU, with a token for their keeper and one to read. */
export class ModelVault extends pulumi.ComponentResource {
  /** S3 endpoint of the EU jurisdiction; its buckets can't be reached by any other. */
  readonly endpoint: string;
  /** Names of the buckets, known once they exist. */
  readonly buckets: Readonly<Record<BucketRole, pulumi.Output<string>>>;
  /** Reads and writes all four buckets: for the app server's backups and the operator. */
  readonly keeper: Credentials;
  /** Reads models and worker images: for workers, which are rented and less trusted. */
  readonly reader: Credentials;

  constructor(name: string, settings: VaultSettings, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:storage:ModelVault", name, {}, opts);
    const names = bucketNames(settings);
    const bucket = (role: BucketRole) =>
      this.#bucket(`${name}-${role}`, names[role], role, settings);

    this.endpoint = `https://${settings.accountId}.${JURISDICTION}.r2.cloudflarestorage.com`;
    this.buckets = {
      modelVault: bucket("modelVault"),
      cache: bucket("cache"),
      workerContainer: bucket("workerContainer"),
      userFiles: bucket("userFiles"),
    };
    this.keeper = this.#token(`${name}-keeper`, "write", bucketRoles, settings);
    this.reader = this.#token(`${name}-reader`, "read", workersRead, settings);
    this.registerOutputs({ endpoint: this.endpoint, buckets: this.buckets });
  }

  #bucket(
    resource: string,
    bucketName: string,
    role: BucketRole,
    { accountId, keepDays, abandonedUploadDays, protect }: VaultSettings,
  ): pulumi.Output<string> {
    const own = { parent: this };
    const bucket = new cloudflare.R2Bucket(
      resource,
      { accountId, name: bucketName, jurisdiction: JURISDICTION },
      { ...own, protect },
    );
    const place = { accountId, bucketName: bucket.name, jurisdiction: JURISDICTION };
    new cloudflare.R2BucketLifecycle(
      `${resource}-lifecycle`,
      { ...place, rules: lifecycleRules(abandonedUploadDays, keepDays[role]) },
      own,
    );
    // Declared, so that a bucket which somebody opened by hand is drift, and closed again.
    new cloudflare.R2ManagedDomain(`${resource}-public-access`, { ...place, enabled: false }, own);
    return bucket.name;
  }

  #token(
    resource: string,
    permission: keyof typeof permissionGroups,
    roles: readonly BucketRole[],
    { accountId, projectName, tokensExpireAt }: VaultSettings,
  ): Credentials {
    const buckets = pulumi.all(roles.map((role) => this.buckets[role]));
    const token = new cloudflare.AccountToken(
      resource,
      {
        accountId,
        name: `${projectName} ${resource}`,
        policies: [
          {
            effect: "allow",
            permissionGroups: [{ id: permissionGroups[permission] }],
            resources: buckets.apply((all) => JSON.stringify(resourcesOf(accountId, all))),
          },
        ],
        ...(tokensExpireAt === undefined ? {} : { expiresOn: tokensExpireAt }),
      },
      { parent: this },
    );
    return { accessKeyId: token.id, secretAccessKey: pulumi.secret(token.value.apply(s3Secret)) };
  }
}

/** Rules of one bucket's lifecycle. @param keepDays Undefined: its objects are kept. */
function lifecycleRules(abandonedUploadDays: number, keepDays: number | undefined) {
  const everything = { enabled: true, conditions: { prefix: "" } };
  const after = (days: number) => ({ condition: { type: "Age", maxAge: days * SECONDS_PER_DAY } });
  const abandoned = {
    ...everything,
    id: "delete abandoned uploads",
    abortMultipartUploadsTransition: after(abandonedUploadDays),
  };
  if (keepDays === undefined) return [abandoned];
  return [
    abandoned,
    { ...everything, id: "delete old objects", deleteObjectsTransition: after(keepDays) },
  ];
}

/** Buckets as a token's policy names them: https://developers.cloudflare.com/r2/api/tokens/ */
const resourcesOf = (accountId: string, buckets: readonly string[]) =>
  Object.fromEntries(
    buckets.map((bucket) => [
      `com.cloudflare.edge.r2.bucket.${accountId}_${JURISDICTION}_${bucket}`,
      "*",
    ]),
  );

/** S3's secret access key of a token: https://developers.cloudflare.com/r2/api/tokens/ */
const s3Secret = (value: string) => createHash("sha256").update(value).digest("hex");
