/** The bucket that holds the models: reads with Range and If-Match, and writes in parts, over S3. */
import { open } from "node:fs/promises";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import pLimit from "p-limit";
import { ModelsError, ObjectChangedError } from "./models-error.ts";
import { statusOf, withRetries } from "./retry.ts";
import type { BucketSettings } from "./settings.ts";
import { transfer, UnwritableError } from "./transfer.ts";
import type { Transfer } from "./transfer.ts";

/** 43 GB make 640 parts of this size; S3 allows 10,000. */
const PART_BYTES = 64 * 1024 * 1024;
/** Parts of one file on their way at once; each is held in memory. */
const PARALLEL_PARTS = 3;
const CONNECT_TIMEOUT_MS = 15_000;
/** Silence after which a connection counts as dead. */
const IDLE_TIMEOUT_MS = 60_000;
/** A transfer begins at once; how long it takes does not count. */
const URL_SECONDS = 300;

export interface RemoteObject {
  sizeBytes: number;
  etag: string;
}

export class ObjectStore {
  readonly #client: S3Client;
  readonly #settings: BucketSettings;

  constructor(settings: BucketSettings) {
    this.#settings = settings;
    this.#client = new S3Client({
      region: "auto",
      endpoint: settings.R2_ENDPOINT,
      forcePathStyle: true,
      credentials: {
        accessKeyId: settings.R2_ACCESS_KEY_ID,
        secretAccessKey: settings.R2_SECRET_ACCESS_KEY,
      },
      // Attempts are counted in one place, which also covers a body that breaks off.
      maxAttempts: 1,
      // Not every S3 server knows the newer checksums; sizes and sha256 are compared by us.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        socketTimeout: IDLE_TIMEOUT_MS,
        httpAgent: { keepAlive: true, maxSockets: 64 },
        httpsAgent: { keepAlive: true, maxSockets: 64 },
      },
    });
  }

  close(): void {
    this.#client.destroy();
  }

  /**
   * Finds out whether endpoint, bucket and key are right, before anything depends on them.
   *
   * @throws ModelsError that names the setting to look at
   */
  async check(signal: AbortSignal): Promise<void> {
    const { R2_BUCKET: Bucket, R2_PREFIX: Prefix } = this.#settings;
    await this.#explained(
      withRetries(
        () =>
          this.#client.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 }), {
            abortSignal: signal,
          }),
        { signal, retries: 3 },
      ),
    );
  }

  /** Size and version of an object; undefined when there is none. */
  async head(path: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    const found = await this.#explained(
      withRetries(
        async () => {
          try {
            return await this.#client.send(new HeadObjectCommand(this.#key(path)), {
              abortSignal: signal,
            });
          } catch (error) {
            if (statusOf(error) === 404) return undefined;
            throw error;
          }
        },
        { signal },
      ),
    );
    if (!found) return undefined;
    return { sizeBytes: found.ContentLength ?? 0, etag: found.ETag ?? "" };
  }

  /**
   * One try to append an object's bytes, from `offset` on, to a file.
   *
   * @throws ObjectChangedError when it is not the version of `etag` any more
   */
  async append(path: string, part: Omit<Transfer, "url">): Promise<void> {
    const url = await getSignedUrl(this.#client, new GetObjectCommand(this.#key(path)), {
      expiresIn: URL_SECONDS,
    });
    try {
      await transfer({ ...part, url });
    } catch (error) {
      if (statusOf(error) === 412) throw new ObjectChangedError(path);
      if (error instanceof UnwritableError) {
        throw new ModelsError(`${path} can't be written: ${error.message}`);
      }
      throw this.explain(error);
    }
  }

  /**
   * Uploads a file, in parts when it is large, and compares the size that arrived.
   *
   * @param onBytes told how many bytes have arrived
   * @throws ModelsError
   */
  async upload(
    path: string,
    file: string,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const handle = await open(file, "r");
    try {
      const { size } = await handle.stat();
      const readPart = async (start: number): Promise<Buffer> => {
        const part = Buffer.alloc(Math.min(PART_BYTES, size - start));
        const { bytesRead } = await handle.read(part, 0, part.length, start);
        if (bytesRead === part.length) return part;
        throw new ModelsError(
          `${file} became shorter while it was uploaded: run the backup again.`,
        );
      };
      if (size <= PART_BYTES) {
        const Body = await readPart(0);
        await this.#explained(
          withRetries(
            () =>
              this.#client.send(new PutObjectCommand({ ...this.#key(path), Body }), {
                abortSignal: signal,
              }),
            { signal },
          ),
        );
        onBytes(size);
      } else {
        await this.#explained(this.#uploadParts(path, size, readPart, signal, onBytes));
      }
      const arrived = await this.head(path, signal);
      if (arrived?.sizeBytes !== size) {
        throw new ModelsError(
          `${path} has ${size} bytes here and ${arrived?.sizeBytes ?? "none"} in the bucket after its upload: run the backup again.`,
        );
      }
    } finally {
      await handle.close();
    }
  }

  async #uploadParts(
    path: string,
    size: number,
    readPart: (start: number) => Promise<Buffer>,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const key = this.#key(path);
    const { UploadId } = await withRetries(
      () => this.#client.send(new CreateMultipartUploadCommand(key), { abortSignal: signal }),
      { signal },
    );
    const broken = new AbortController();
    const either = AbortSignal.any([signal, broken.signal]);
    const limit = pLimit(PARALLEL_PARTS);
    const sendPart = async (index: number) => {
      either.throwIfAborted();
      const Body = await readPart(index * PART_BYTES);
      const PartNumber = index + 1;
      const { ETag } = await withRetries(
        () =>
          this.#client.send(new UploadPartCommand({ ...key, UploadId, PartNumber, Body }), {
            abortSignal: either,
          }),
        { signal: either },
      );
      onBytes(Body.length);
      return { ETag, PartNumber };
    };
    const parts = Array.from({ length: Math.ceil(size / PART_BYTES) }, (_, index) =>
      limit(sendPart, index),
    );
    try {
      const Parts = await Promise.all(parts);
      await withRetries(
        () =>
          this.#client.send(
            new CompleteMultipartUploadCommand({ ...key, UploadId, MultipartUpload: { Parts } }),
            { abortSignal: signal },
          ),
        { signal },
      );
    } catch (error) {
      broken.abort(error);
      await Promise.allSettled(parts);
      // Else its parts would be stored, and paid for, until the bucket's own rule removes them.
      await this.#client
        .send(new AbortMultipartUploadCommand({ ...key, UploadId }))
        .catch(() => undefined);
      throw error;
    }
  }

  #key(path: string): { Bucket: string; Key: string } {
    return { Bucket: this.#settings.R2_BUCKET, Key: `${this.#settings.R2_PREFIX}${path}` };
  }

  async #explained<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await work;
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** A fault that only other settings can mend becomes the sentence that says so. */
  explain(error: unknown): unknown {
    const { R2_BUCKET: bucket, R2_ENDPOINT: endpoint } = this.#settings;
    const status = statusOf(error);
    if (status === 401 || status === 403) {
      return new ModelsError(
        `The bucket ${bucket} refuses this access key: check R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY, and that the key may use this bucket.`,
      );
    }
    if (error instanceof Error && error.name === "NoSuchBucket") {
      return new ModelsError(
        `There is no bucket ${bucket} at ${endpoint}: check R2_BUCKET and R2_ENDPOINT (a bucket in the EU jurisdiction has .eu. in its endpoint).`,
      );
    }
    return error;
  }
}
