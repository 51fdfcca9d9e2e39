/**
 * A real S3 server (versitygw, which checks signatures and serves Range and If-Match), and an HTTP
 * proxy before it that breaks off, answers 500, alters bytes or holds a transfer when told to.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import path from "node:path";
import { Transform } from "node:stream";
import type { TransformCallback } from "node:stream";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import pRetry from "p-retry";
import type { BucketSettings } from "../../src/models/settings.ts";
import { freePort } from "./free-port.ts";

const BUCKET = "model-vault";

/** Where set-up leaves the server; undefined when it is not on this machine. */
export const objectStoreProgram = [
  process.env.COMFYMULTI_OBJECT_STORE,
  path.join(
    process.env.COMFYMULTI_CACHE ??
      path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "comfymulti"),
    "object-store/1.8.0/versitygw",
  ),
].find((file) => file !== undefined && existsSync(file));

export interface TestObjectStore {
  /** As the commands get them, straight to the server. */
  settings: BucketSettings;
  put: (key: string, content: Buffer) => Promise<void>;
  stop: () => Promise<void>;
}

/** @param folder empty folder for its objects */
export async function startObjectStore(folder: string): Promise<TestObjectStore> {
  if (objectStoreProgram === undefined) throw new Error("there is no versitygw: run npm run setup");
  const port = await freePort();
  const settings: BucketSettings = {
    R2_ENDPOINT: `http://127.0.0.1:${port}`,
    R2_BUCKET: BUCKET,
    R2_PREFIX: "",
    R2_ACCESS_KEY_ID: "test-key",
    R2_SECRET_ACCESS_KEY: "test-secret",
  };
  for (const name of ["objects", "metadata"]) mkdirSync(path.join(folder, name));
  const server = spawn(
    objectStoreProgram,
    [
      ...["--port", `127.0.0.1:${port}`, "--region", "auto", "--quiet", "--keep-alive"],
      ...["--access", settings.R2_ACCESS_KEY_ID, "--secret", settings.R2_SECRET_ACCESS_KEY],
      ...["posix", "--sidecar", path.join(folder, "metadata"), path.join(folder, "objects")],
    ],
    { stdio: "ignore" },
  );
  const client = new S3Client({
    region: "auto",
    endpoint: settings.R2_ENDPOINT,
    forcePathStyle: true,
    credentials: {
      accessKeyId: settings.R2_ACCESS_KEY_ID,
      secretAccessKey: settings.R2_SECRET_ACCESS_KEY,
    },
    maxAttempts: 1,
  });
  await pRetry(() => client.send(new CreateBucketCommand({ Bucket: BUCKET })), {
    retries: 150,
    minTimeout: 100,
    maxTimeout: 100,
  });
  return {
    settings,
    put: async (Key, Body) => {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
    },
    stop: async () => {
      client.destroy();
      server.kill();
      await once(server, "exit");
    },
  };
}

/** What happens to one GET of an object. */
export type Fault =
  /** The connection breaks after so many bytes of the body. */
  | { kind: "break"; afterBytes: number }
  | { kind: "error"; status: number }
  /** The first byte of the body is another. */
  | { kind: "alter" }
  /** Nothing more comes after so many bytes until `release` is called. */
  | { kind: "hold"; afterBytes: number };

export class FaultyProxy {
  /** Bytes of bodies passed on, by key. */
  readonly served = new Map<string, number>();
  /** `Range` of each GET of an object, "" without one. */
  readonly ranges: string[] = [];
  /** Taken from the front, one a GET of an object. */
  readonly faults: Fault[] = [];
  /** Done to each request before it is passed on. */
  beforeRequest: (key: string) => Promise<void> = async () => {};
  readonly #server = http.createServer((request, response) => {
    void this.#pass(request, response);
  });
  readonly #upstream: URL;
  #release: () => void = () => {};

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
  }

  static async start(upstream: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(upstream);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lets a held transfer go on. */
  release(): void {
    this.#release();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #pass(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? "", this.url);
    const key = pathname.slice(`/${BUCKET}/`.length);
    const isObject = request.method === "GET" && key !== "" && search !== "?list-type=2";
    let fault: Fault | undefined;
    if (isObject) {
      await this.beforeRequest(key);
      this.ranges.push(request.headers.range ?? "");
      fault = this.faults.shift();
    }
    if (fault?.kind === "error") {
      response.writeHead(fault.status).end();
      return;
    }
    const { hostname, port } = this.#upstream;
    const onward = http.request({
      ...{ hostname, port, method: request.method, path: request.url, agent: false },
      // The host it was signed for stays.
      headers: request.headers,
    });
    onward.on("error", () => response.destroy());
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      const body = new Body(fault, (bytes) => {
        if (isObject) this.served.set(key, (this.served.get(key) ?? 0) + bytes);
      });
      this.#release = () => body.release();
      body.on("error", () => response.destroy());
      response.on("close", () => answer.destroy());
      answer.pipe(body).pipe(response);
    });
    request.pipe(onward);
  }
}

/** A body on its way through the proxy, with its fault. */
class Body extends Transform {
  readonly #fault: Fault | undefined;
  readonly #onBytes: (bytes: number) => void;
  #passed = 0;
  #held: (() => void) | undefined;
  #released = false;

  constructor(fault: Fault | undefined, onBytes: (bytes: number) => void) {
    super();
    this.#fault = fault;
    this.#onBytes = onBytes;
  }

  release(): void {
    this.#released = true;
    this.#held?.();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const fault = this.#fault;
    if (fault?.kind === "alter" && this.#passed === 0) chunk[0] = (chunk[0] ?? 0) ^ 0xff;
    const limit = fault && "afterBytes" in fault ? fault.afterBytes - this.#passed : Infinity;
    if (chunk.length <= limit || this.#released) {
      this.#send(chunk);
      done();
      return;
    }
    this.#send(chunk.subarray(0, limit));
    if (fault?.kind === "break") {
      // The pause lets what was sent arrive: a reset would take it from the receiver's buffer.
      setTimeout(() => done(new Error("broken off")), 100);
      return;
    }
    this.#held = () => {
      this.#send(chunk.subarray(limit));
      done();
    };
  }

  #send(chunk: Buffer): void {
    this.#passed += chunk.length;
    this.#onBytes(chunk.length);
    this.push(chunk);
  }
}
