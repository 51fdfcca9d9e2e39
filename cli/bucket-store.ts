/** Files in a bucket, over S3: R2, or any server that speaks it. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
  type _Object,
  type CompletedPart,
  type UploadPartCommandOutput,
} from "@aws-sdk/client-s3";
import { VisibleError } from "./visible-error.ts";

export interface BucketAccess {
  /** S3 endpoint. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  /** Secret. */
  readonly secretAccessKey: string;
  /** Where a wrong one of these is put right, as `check …`: `access key` and `place`. */
  readonly cures: { readonly key: string; readonly place: string };
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly storedAt: Date;
}

/** A file of 5 GB makes 80 parts; S3 allows 10,000. One part is held in memory. */
const PART_BYTES = 64 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 15_000;
/** Silence after which a connection counts as dead. */
const IDLE_TIMEOUT_MS = 60_000;
const ATTEMPTS = 5;

export class BucketStore {
  readonly place: string;
  readonly #settings: BucketAccess;
  readonly #client: S3Client;
  readonly #signal: AbortSignal;

  constructor(settings: BucketAccess, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
    this.place = `s3://${settings.bucket}/`;
    this.#client = new S3Client({
      region: "auto",
      endpoint: settings.endpoint,
      forcePathStyle: true,
      credentials: {
        accessKeyId: settings.accessKeyId,
        secretAccessKey: settings.secretAccessKey,
      },
      maxAttempts: ATTEMPTS,
      // Not every S3 server knows the newer checksums. Each upload carries its Content-MD5, which all
      // know and hold it against; and everything is read back.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
    });
  }

  async put(key: string, file: string): Promise<void> {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      const part = async (start: number): Promise<Buffer> => {
        const bytes = Buffer.alloc(Math.min(PART_BYTES, size - start));
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
        if (bytesRead !== bytes.length) throw new Error(`${file} became shorter meanwhile`);
        return bytes;
      };
      await this.#explained(
        size <= PART_BYTES ? this.#putWhole(key, await part(0)) : this.#putParts(key, size, part),
      );
    } finally {
      await handle.close();
    }
  }

  putText(key: string, text: string): Promise<void> {
    return this.#explained(this.#putWhole(key, Buffer.from(text, "utf8")));
  }

  async read(key: string): Promise<Readable | undefined> {
    try {
      const { Body } = await this.#client.send(
        new GetObjectCommand(this.#object(key)),
        this.#options,
      );
      if (!(Body instanceof Readable)) throw new Error("the answer has no body");
      return Body;
    } catch (error) {
      if (statusOf(error) === 404 && (error as Error).name !== "NoSuchBucket") return undefined;
      throw this.#explain(error);
    }
  }

  /** What a bucket of the same account holds, bytes. */
  async bytesOf(bucket: string): Promise<number> {
    let bytes = 0;
    for await (const { Size } of this.#objectsOf(bucket, "")) bytes += Size ?? 0;
    return bytes;
  }

  /** What lies under keys that begin so. */
  async list(prefix: string): Promise<StoredObject[]> {
    try {
      const found: StoredObject[] = [];
      for await (const each of this.#objectsOf(this.#settings.bucket, prefix)) {
        const { Key: key = "", Size: bytes = 0, LastModified: storedAt = new Date(0) } = each;
        found.push({ key, bytes, storedAt });
      }
      return found;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async *#objectsOf(bucket: string, Prefix: string): AsyncGenerator<_Object> {
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix, ContinuationToken }),
        this.#options,
      );
      yield* page.Contents ?? [];
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async #putWhole(key: string, Body: Buffer): Promise<void> {
    const command = new PutObjectCommand({ ...this.#object(key), Body, ContentMD5: md5(Body) });
    await this.#client.send(command, this.#options);
  }

  async #putParts(
    key: string,
    size: number,
    part: (start: number) => Promise<Buffer>,
  ): Promise<void> {
    const object = this.#object(key);
    const upload = await this.#client.send(new CreateMultipartUploadCommand(object), this.#options);
    const { UploadId } = upload;
    try {
      const Parts: CompletedPart[] = [];
      for (let start = 0; start < size; start += PART_BYTES) {
        const Body = await part(start);
        const PartNumber: number = Parts.length + 1;
        const { ETag }: UploadPartCommandOutput = await this.#client.send(
          new UploadPartCommand({ ...object, UploadId, PartNumber, Body, ContentMD5: md5(Body) }),
          this.#options,
        );
        Parts.push({ ETag, PartNumber });
      }
      const MultipartUpload = { Parts };
      await this.#client.send(
        new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload }),
        this.#options,
      );
    } catch (error) {
      // Else its parts would be stored, and paid for, until the bucket's own rule removes them.
      await this.#client
        .send(new AbortMultipartUploadCommand({ ...object, UploadId }))
        .catch(() => undefined);
      throw error;
    }
  }

  get #options() {
    return { abortSignal: this.#signal };
  }

  #object(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#settings.bucket, Key: key };
  }

  async #explained(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** A fault that only other settings can mend becomes the sentence that says so. */
  #explain(error: unknown): unknown {
    const { bucket, endpoint, cures } = this.#settings;
    const status = statusOf(error);
    if (status === 401 || status === 403) {
      return new VisibleError(
        `The bucket ${bucket} refuses this access key: check ${cures.key}, and that the key may read and write this bucket.`,
        { cause: error },
      );
    }
    if (error instanceof Error && error.name === "NoSuchBucket") {
      return new VisibleError(
        `There is no bucket ${bucket} at ${endpoint}: check ${cures.place} (a bucket in the EU jurisdiction has .eu. in its endpoint).`,
        { cause: error },
      );
    }
    if (this.#signal.aborted || !(error instanceof Error)) return error;
    return new VisibleError(
      `The bucket ${bucket} at ${endpoint} could not be used (${error.message || error.name}): check the network and the bucket, then run the same command again.`,
      { cause: error },
    );
  }
}

const md5 = (bytes: Buffer): string => createHash("md5").update(bytes).digest("base64");

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
