/**
 * The node definitions that graphs are checked against and editors show: those of the workers.
 * Parsed once for each text (two texts of one fingerprint differ in their model lists).
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { QueueContract, UserId } from "@comfymulti/queue";
import { objectInfoSchema, type ObjectInfo } from "@comfymulti/workflows";
import { errors } from "../errors.ts";
import { listFiles } from "../files/list-files.ts";
import type { UserFiles } from "../files/user-files.ts";
import { findUploadInputs, withUploadedFiles } from "./upload-inputs.ts";

const compressGzip = promisify(gzip);
const compressBrotli = promisify(brotliCompress);

/** How long a replica believes that the newest object_info is the one it knows, ms. */
const FRESH_MS = 1000;
/** Encoded texts kept; users with the same files share one. */
const KEPT_TEXTS = 64;

export interface KnownObjectInfo {
  /** Changes with every change of the text. */
  readonly version: string;
  /** The text, where threads can read it without a copy. */
  readonly text: SharedArrayBuffer;
  readonly objectInfo: ObjectInfo;
  readonly uploadInputs: ReturnType<typeof findUploadInputs>;
}

/** An object_info answer, ready to send. Brotli halves what gzip leaves. */
export interface EncodedObjectInfo {
  readonly etag: string;
  readonly identity: Buffer;
  readonly gzip: Buffer;
  readonly br: Buffer;
}

export class ObjectInfoCatalogue {
  readonly #queue: QueueContract;
  readonly #files: UserFiles;
  #known: KnownObjectInfo | undefined;
  #knownUntil = 0;
  #loading: Promise<KnownObjectInfo> | undefined;
  readonly #encoded = new Map<string, Promise<EncodedObjectInfo>>();

  constructor(queue: QueueContract, files: UserFiles) {
    this.#queue = queue;
    this.#files = files;
  }

  /** The newest object_info that a worker registered. Throws 503 when there was no worker yet. */
  async current(): Promise<KnownObjectInfo> {
    if (this.#known && Date.now() < this.#knownUntil) return this.#known;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** The same with this user's uploaded files in LoadImage-like lists. */
  async forUser(user: UserId): Promise<ObjectInfo> {
    const { objectInfo, uploadInputs } = await this.current();
    const names = await listFiles(this.#files.root(user, "input"));
    return withUploadedFiles(objectInfo, uploadInputs, names);
  }

  /** `forUser` as JSON, compressed once for each list of files. */
  async encodedForUser(user: UserId): Promise<EncodedObjectInfo> {
    const { version, objectInfo, uploadInputs } = await this.current();
    const names = await listFiles(this.#files.root(user, "input"));
    const key = JSON.stringify([version, names]);
    const present = this.#encoded.get(key);
    if (present) return present;
    const encoding = encode(JSON.stringify(withUploadedFiles(objectInfo, uploadInputs, names)));
    this.#encoded.set(key, encoding);
    const oldest = this.#encoded.keys().next();
    if (this.#encoded.size > KEPT_TEXTS && !oldest.done) this.#encoded.delete(oldest.value);
    return encoding;
  }

  /** The text is read again only when its version changed. */
  async #load(): Promise<KnownObjectInfo> {
    const version = await this.#queue.objectInfoVersion();
    if (this.#known === undefined || this.#known.version !== version) {
      const registered = version === undefined ? undefined : await this.#queue.objectInfo();
      if (version === undefined || !registered) throw errors.noWorker();
      const objectInfo = objectInfoSchema.parse(JSON.parse(registered.json));
      this.#known = {
        version,
        text: sharedText(registered.json),
        objectInfo,
        uploadInputs: findUploadInputs(objectInfo),
      };
    }
    this.#knownUntil = Date.now() + FRESH_MS;
    return this.#known;
  }
}

function sharedText(text: string): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(Buffer.byteLength(text));
  Buffer.from(shared).write(text);
  return shared;
}

async function encode(json: string): Promise<EncodedObjectInfo> {
  const identity = Buffer.from(json);
  const [gzipped, brotli] = await Promise.all([
    compressGzip(identity),
    compressBrotli(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  ]);
  const etag = `W/"${createHash("sha256").update(identity).digest("hex").slice(0, 32)}"`;
  return { etag, identity, gzip: gzipped, br: brotli };
}
