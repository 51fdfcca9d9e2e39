/** An output that breaks off on its way goes on where it stopped, and nothing false is ever kept. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { PartialUploads } from "../src/files/partial-uploads.ts";
import { OUTPUT_BYTES } from "../src/limits.ts";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { Replica } from "./replica.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";
import { answer, sha256, UploadClient } from "./upload-client.ts";

const SIZE = 1_000_000;
const BREAK = 400_000;

let gateway: TestGateway;
let worker: ScriptedWorker;
beforeAll(async () => {
  gateway = await startGateway();
  worker = new ScriptedWorker(gateway.queue);
});
afterAll(() => gateway.close());

let bytes: Buffer;
let client: UploadClient;
beforeEach(async () => {
  await gateway.alice.submit(graph);
  const { job, attempt } = await worker.take();
  bytes = randomBytes(SIZE);
  const { origin } = gateway;
  const place = { origin, token: TOKENS.worker, job: job.id, attempt };
  client = new UploadClient(place, `${randomUUID()}.mp4`);
});

afterEach(async () => {
  const { jobs } = await gateway.queue.list({ states: ["running"], limit: 10 });
  for (const { id } of jobs) await gateway.queue.cancel(id, undefined);
  await rm(partialFolder(), { recursive: true });
  await mkdir(partialFolder());
});

const partialFolder = () => path.join(gateway.dataDirectory, "partial");
const partials = () => readdir(partialFolder());
const stored = () =>
  readFile(path.join(gateway.dataDirectory, "outputs", "user001", "gw", client.filename));

/** Waits until one partial file with this ending holds so many bytes. */
function arrived(count: number, ending: "writing" | "kept"): Promise<string> {
  return vi.waitFor(
    async () => {
      const [name, ...more] = await partials();
      expect(more).toEqual([]);
      expect(name).toMatch(new RegExp(`^[0-9a-f]{64}\\..*${ending}$`));
      const file = path.join(partialFolder(), name ?? "");
      expect((await stat(file)).size).toBe(count);
      return file;
    },
    { timeout: 10_000 },
  );
}

async function breakOff(count = BREAK, from = 0): Promise<void> {
  const sent = client.begin(bytes, count, from);
  await arrived(count, "writing");
  sent.destroy();
  await arrived(count, "kept");
}

describe("an upload that broke off", () => {
  test("goes on at the byte where it stopped", async () => {
    await breakOff();
    const asked = await client.head(bytes);
    expect([asked.status, asked.headers["upload-offset"]]).toEqual([200, String(BREAK)]);
    const answered = await client.put(bytes, BREAK);
    expect(answered).toMatchObject({ status: 201, body: { filename: client.filename } });
    expect(sha256(await stored())).toBe(sha256(bytes));
    expect(await partials()).toEqual([]);
  });

  test("may break off again", async () => {
    await breakOff();
    await breakOff(SIZE - 1, BREAK);
    expect(await client.put(bytes, SIZE - 1)).toMatchObject({ status: 201 });
    expect(sha256(await stored())).toBe(sha256(bytes));
  });

  test("may begin anew", async () => {
    await breakOff();
    expect(await client.put(bytes)).toMatchObject({ status: 201 });
    expect(sha256(await stored())).toBe(sha256(bytes));
    expect(await partials()).toEqual([]);
  });

  test.each([BREAK - 1, BREAK + 1, SIZE])("is refused at byte %d, and stays", async (from) => {
    await breakOff();
    const refused = await client.put(bytes, from);
    expect([refused.status, refused.type]).toEqual([409, "wrong_offset"]);
    expect(refused.headers["upload-offset"]).toBe(String(BREAK));
    expect(await client.put(bytes, BREAK)).toMatchObject({ status: 201 });
  });

  test("is dropped when its end has another sha256", async () => {
    await breakOff();
    const headers = client.headers(bytes, BREAK);
    const other = randomBytes(SIZE - BREAK);
    const refused = await client.ask("PUT", headers, other);
    expect([refused.status, refused.type]).toEqual([422, "checksum_mismatch"]);
    expect(await partials()).toEqual([]);
    expect((await client.head(bytes)).headers["upload-offset"]).toBe("0");
    await expect(stored()).rejects.toThrow("ENOENT");
  });

  test("belongs to its job: another job with the same bytes begins at 0", async () => {
    await breakOff();
    await gateway.bob.submit(graph);
    const { job, attempt } = await worker.take();
    const theirs = client.at({ job: job.id, attempt });
    expect((await theirs.head(bytes)).headers["upload-offset"]).toBe("0");
    expect((await theirs.put(bytes, BREAK)).type).toBe("wrong_offset");
  });
});

test("a file that is stored already needs no byte more, and gets the same answer", async () => {
  const first = await client.put(bytes);
  expect((await client.head(bytes)).headers["upload-offset"]).toBe(String(SIZE));
  const again = await client.put(bytes, SIZE);
  expect(again).toMatchObject({ status: 201, body: first.body });
});

test("nothing is taken for stored that is not", async () => {
  const refused = await client.put(bytes, SIZE);
  expect([refused.status, refused.type]).toEqual([409, "wrong_offset"]);
  expect(refused.headers["upload-offset"]).toBe("0");
});

test("an empty file is a file", async () => {
  bytes = Buffer.alloc(0);
  expect(await client.put(bytes)).toMatchObject({ status: 201 });
  expect(await stored()).toEqual(bytes);
});

test("the end is refused, and nothing kept, when the lease was lost in mid-upload", async () => {
  const sent = client.begin(bytes, BREAK);
  await arrived(BREAK, "writing");
  await gateway.queue.cancel(worker.claim.job.id, undefined);
  sent.end(bytes.subarray(BREAK));
  expect(await answer(sent)).toMatchObject({ status: 409, type: "lease_lost" });
  expect(await partials()).toEqual([]);
  await expect(stored()).rejects.toThrow("ENOENT");
  expect((await client.head(bytes)).status).toBe(409);
});

test("another worker neither learns of it nor adds to it", async () => {
  await breakOff();
  const other = client.at({ token: TOKENS.otherWorker });
  const asked = await other.head(bytes);
  expect([asked.status, asked.headers["upload-offset"]]).toEqual([409, undefined]);
  expect(await other.put(bytes, BREAK)).toMatchObject({ status: 409, type: "lease_lost" });
  expect((await client.at({ token: TOKENS.alice }).head(bytes)).status).toBe(401);
  await arrived(BREAK, "kept");
});

test("of two at once the second is refused, and the first ends well", async () => {
  const first = client.begin(bytes, BREAK);
  await arrived(BREAK, "writing");
  for (const refused of [await client.put(bytes), await client.put(bytes, BREAK)]) {
    expect([refused.status, refused.type]).toEqual([423, "upload_busy"]);
  }
  expect((await client.head(bytes)).status).toBe(423);
  first.end(bytes.subarray(BREAK));
  expect(await answer(first)).toMatchObject({ status: 201 });
  expect(sha256(await stored())).toBe(sha256(bytes));
});

test("of ten opened in one instant exactly one is", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "uploads-"));
  try {
    const uploads = new PartialUploads(() => Promise.resolve(folder));
    const upload = { job: "job", sha256: sha256(bytes), size: SIZE };
    const opened = await Promise.allSettled(
      Array.from({ length: 10 }, () => uploads.open(upload, 0)),
    );
    const open = opened.filter((result) => result.status === "fulfilled");
    expect(open).toHaveLength(1);
    expect(await readdir(folder)).toHaveLength(1);
    await open[0]?.value.remove();
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a replica that slept while another took its upload over can't place it", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "uploads-"));
  try {
    const uploads = new PartialUploads(() => Promise.resolve(folder));
    const upload = { job: "job", sha256: sha256(bytes), size: SIZE };
    const asleep = await uploads.open(upload, 0);
    const { path: lost } = await asleep.receive(Readable.from([bytes.subarray(0, BREAK)]));
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lost, longAgo, longAgo);
    const other = await uploads.open(upload, BREAK);
    await expect(stat(lost)).rejects.toThrow("ENOENT");
    await asleep.keep();
    const file = await other.receive(Readable.from([bytes.subarray(BREAK)]));
    expect(file).toMatchObject({ bytes: SIZE, sha256: sha256(bytes) });
    expect(sha256(await readFile(file.path))).toBe(sha256(bytes));
    await other.remove();
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what a killed replica had received goes on at another one", async () => {
  const replica = await Replica.start({
    REDIS_PORT: String(gateway.redis.port),
    REDIS_PASSWORD: gateway.redis.password,
    DATA_DIRECTORY: gateway.dataDirectory,
    USERS: JSON.stringify(gateway.environment.USERS),
    ADMIN_TOKEN: TOKENS.admin,
    WORKER_TOKENS: JSON.stringify({ "worker-1": TOKENS.worker }),
    FRONTEND_TOKEN: TOKENS.frontend,
  });
  try {
    client.at({ origin: replica.origin }).begin(bytes, BREAK);
    const left = await arrived(BREAK, "writing");
    expect((await client.head(bytes)).status).toBe(423);
    await replica.end("SIGKILL");
    // Its last sign of life was long ago.
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(left, longAgo, longAgo);
    expect((await client.head(bytes)).headers["upload-offset"]).toBe(String(BREAK));
    expect(await client.put(bytes, BREAK)).toMatchObject({ status: 201 });
    expect(sha256(await stored())).toBe(sha256(bytes));
    expect(await partials()).toEqual([]);
  } finally {
    await replica.end("SIGKILL");
  }
});

describe("headers that nobody means well with", () => {
  const tooLarge = OUTPUT_BYTES + 1;

  test.each([
    ["a range that ends early", { "content-range": "bytes 1-5/10", "content-length": "5" }, 400],
    ["a range beyond its size", { "content-range": "bytes 5-10/10", "content-length": "6" }, 400],
    ["a body shorter than its range", { "content-range": "bytes 5-9/10" }, 400],
    ["a negative start", { "content-range": "bytes -5-9/10", "content-length": "5" }, 400],
    ["a start in hex", { "content-range": "bytes 0x5-9/10", "content-length": "5" }, 400],
    ["an unknown size", { "content-range": "bytes 0-0/*" }, 400],
    ["a size of nothing", { "content-range": "bytes */0", "content-length": "0" }, 400],
    ["digits without end", { "content-range": `bytes 0-0/${"9".repeat(400)}` }, 400],
    ["another unit", { "content-range": "lines 0-0/1" }, 400],
    [
      "a size above the limit",
      { "content-range": `bytes ${tooLarge - 1}-${tooLarge - 1}/${tooLarge}` },
      413,
    ],
    ["a sha256 that is a path", { "x-content-sha256": "../".repeat(21) + "a" }, 400],
    ["a short sha256", { "x-content-sha256": "abc" }, 400],
  ])("%s is refused, and nothing kept", async (_what, change, status) => {
    const usual = { "content-length": "1", "x-content-sha256": sha256(Buffer.from("x")) };
    const headers: Record<string, string> = { ...usual, ...change };
    const body = Buffer.alloc(Number(headers["content-length"]), "x");
    expect((await client.ask("PUT", headers, body)).status).toBe(status);
    expect(await partials()).toEqual([]);
  });

  test.each([
    ["no size", {}, 400],
    ["a negative size", { "x-content-size": "-1" }, 400],
    ["a size in words", { "x-content-size": "many" }, 400],
    ["a size above the limit", { "x-content-size": String(tooLarge) }, 413],
    ["a sha256 that is none", { "x-content-size": "1", "x-content-sha256": "z".repeat(64) }, 400],
  ])("a question with %s is refused", async (_what, change, status) => {
    const headers = { "x-content-sha256": sha256(Buffer.from("x")), ...change };
    expect((await client.ask("HEAD", headers)).status).toBe(status);
  });
});
