import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sweepPartialFiles } from "../src/files/sweep-partial-files.ts";
import { PARTIAL_FILE_MS } from "../src/limits.ts";
import type { Browser } from "./browser.ts";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

async function upload(
  browser: Browser,
  name: string,
  bytes: string | Buffer,
  fields: Record<string, string> = {},
  route = "image",
): Promise<Response> {
  const form = new FormData();
  form.append("image", new Blob([new Uint8Array(Buffer.from(bytes))]), name);
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  return browser.fetch(`/upload/${route}`, { method: "POST", body: form });
}

describe("upload and view", () => {
  test("the same bytes keep their name, others get the next free one", async () => {
    const names = [];
    for (const bytes of ["one", "one", "two", "two", "three"]) {
      names.push(await (await upload(gateway.alice, "photo.png", bytes)).json());
    }
    expect(names).toEqual(
      ["photo.png", "photo.png", "photo (1).png", "photo (1).png", "photo (2).png"].map((name) => ({
        name,
        subfolder: "",
        type: "input",
      })),
    );
    expect(await readdir(path.join(gateway.dataDirectory, "partial"))).toEqual([]);
  });

  test("overwrite replaces", async () => {
    await upload(gateway.alice, "over.txt", "old");
    await upload(gateway.alice, "over.txt", "new", { overwrite: "true" });
    const response = await gateway.alice.fetch("/view?filename=over.txt&type=input");
    expect(await response.text()).toBe("new");
  });

  test("an uploaded picture appears in the user's own LoadImage list and in no other", async () => {
    await upload(gateway.alice, "listed.png", "x");
    const options = async (browser: Browser) => {
      const info = await browser.get<{
        LoadImage: { input: { required: { image: [string[]] } } };
      }>("/api/object_info/LoadImage");
      return info.LoadImage.input.required.image[0];
    };
    expect(await options(gateway.alice)).toContain("listed.png");
    expect(await options(gateway.bob)).toEqual([]);
  });

  test("a mask becomes the transparency of its original", async () => {
    const colour = { r: 10, g: 20, b: 30 };
    const create = { width: 2, height: 2, channels: 3 as const, background: colour };
    await upload(gateway.alice, "base.png", await sharp({ create }).png().toBuffer());
    const mask = { ...create, channels: 4 as const, background: { ...colour, alpha: 0 } };
    const original_ref = JSON.stringify({ filename: "base.png", type: "input" });
    const answer = await upload(
      gateway.alice,
      "mask.png",
      await sharp({ create: mask }).png().toBuffer(),
      { original_ref, subfolder: "clipspace" },
      "mask",
    );
    expect(await answer.json()).toEqual({
      name: "mask.png",
      subfolder: "clipspace",
      type: "input",
    });
    const seen = await gateway.alice.fetch(
      "/view?filename=mask.png&subfolder=clipspace&type=input",
    );
    const pixels = await sharp(Buffer.from(await seen.arrayBuffer()))
      .raw()
      .toBuffer();
    expect([...pixels.subarray(0, 4)]).toEqual([10, 20, 30, 0]);
  });

  test.each([
    ["a folder in the name", "/view?filename=..%2F..%2Fuser002%2Fx&type=input", 400],
    ["a way up in the subfolder", "/view?filename=x&subfolder=..%2Fuser002&type=input", 400],
    ["an absolute subfolder", "/view?filename=x&subfolder=%2Fetc&type=input", 400],
    ["a hidden file", "/view?filename=.env", 400],
    ["a zero byte", "/view?filename=a%00b", 400],
    ["an unknown type", "/view?filename=x&type=etc", 400],
    ["a file that is not there", "/view?filename=nothing.png", 404],
  ])("%s is refused", async (_name, url, status) => {
    expect((await gateway.alice.fetch(url)).status).toBe(status);
  });

  test("an upload can't leave the user's folder", async () => {
    expect((await upload(gateway.alice, "x.png", "x", { subfolder: "../../.." })).status).toBe(400);
    const answer = (await (await upload(gateway.alice, "../../evil.png", "x")).json()) as object;
    expect(answer).toMatchObject({ name: "evil.png", subfolder: "" });
  });

  test("a page among the files is sent as inert bytes", async () => {
    await upload(gateway.alice, "page.html", "<script>alert(1)</script>");
    const { headers } = await gateway.alice.fetch("/view?filename=page.html&type=input");
    expect(headers.get("content-type")).toBe("application/octet-stream");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toMatch(/^sandbox/);
  });

  test.each([
    ["bytes=2-4", 206, "cde", "bytes 2-4/10"],
    ["bytes=7-", 206, "hij", "bytes 7-9/10"],
    ["bytes=-2", 206, "ij", "bytes 8-9/10"],
    ["bytes=20-", 416, undefined, "bytes */10"],
  ])("range %s", async (range, status, text, contentRange) => {
    await upload(gateway.alice, "ranges.txt", "abcdefghij");
    const url = "/view?filename=ranges.txt&type=input";
    const response = await gateway.alice.fetch(url, { headers: { range } });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-range")).toBe(contentRange);
    const body = await response.text();
    expect(text === undefined || body === text).toBe(true);
  });

  test("preview=webp;75 is a small picture; a broken picture comes as it is", async () => {
    const create = { width: 9, height: 9, channels: 3 as const, background: "#f00" };
    await upload(gateway.alice, "red.png", await sharp({ create }).png().toBuffer());
    const preview = "preview=webp;75";
    const small = await gateway.alice.fetch(`/view?filename=red.png&type=input&${preview}`);
    expect(small.headers.get("content-type")).toBe("image/webp");
    await upload(gateway.alice, "broken.png", "not a picture");
    const broken = await gateway.alice.fetch(`/view?filename=broken.png&type=input&${preview}`);
    expect(await broken.text()).toBe("not a picture");
  });
});

test("a full folder refuses uploads, says how full it is, and another user's is not full", async () => {
  const small = await startGateway({ environment: { USER_UPLOAD_BYTES: "1000000" } });
  try {
    const bytes = Buffer.alloc(600_000);
    const first = await upload(small.alice, "first.png", bytes, { subfolder: "deep/er" });
    expect(first.status).toBe(200);
    const refused = await upload(small.alice, "second.png", Buffer.alloc(600_000, 1));
    const { error } = (await refused.json()) as { error: Record<string, string> };
    expect([refused.status, error["type"]]).toEqual([413, "upload_quota"]);
    expect(error["details"]).toMatch(/take 0\.6 MiB of the 1\.0 MiB.*ask the host/);
    expect((await upload(small.alice, "tiny.png", "tiny")).status).toBe(200);
    expect((await upload(small.bob, "first.png", bytes)).status).toBe(200);
    expect(await readdir(path.join(small.dataDirectory, "partial"))).toEqual([]);
  } finally {
    await small.close();
  }
});

test("half a file that a crash left is removed at the next start, one still being written stays", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "partial-"));
  try {
    const longAgo = new Date(Date.now() - 2 * PARTIAL_FILE_MS);
    await writeFile(path.join(folder, "old"), "half");
    await utimes(path.join(folder, "old"), longAgo, longAgo);
    await writeFile(path.join(folder, "young"), "half");
    expect(await sweepPartialFiles(folder)).toBe(1);
    expect(await readdir(folder)).toEqual(["young"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe("the worker's files", () => {
  let worker: ScriptedWorker;
  beforeAll(async () => {
    await gateway.alice.submit(graph);
    worker = new ScriptedWorker(gateway.queue);
    await worker.take();
  });

  const sha256 = (bytes: string) => createHash("sha256").update(bytes).digest("hex");

  function deliver(
    bytes: string,
    {
      filename = "test_00001_.png",
      attempt = worker.claim.attempt,
      token = TOKENS.worker,
      digest = sha256(bytes),
      subfolder = "gw",
    } = {},
  ): Promise<Response> {
    const query = new URLSearchParams({
      attempt: String(attempt),
      filename,
      subfolder,
      type: "output",
    });
    return fetch(
      `${gateway.origin}/internal/v1/jobs/${worker.claim.job.id}/outputs?${query.toString()}`,
      {
        method: "PUT",
        headers: { authorization: `Bearer ${token}`, "x-content-sha256": digest },
        body: bytes,
      },
    );
  }

  test("an output lands in the user's space; a clash gets the next number; a repeat the same answer", async () => {
    const answers = [];
    for (const bytes of ["first", "second", "second", "first"]) {
      const response = await deliver(bytes);
      expect(response.status).toBe(201);
      answers.push(((await response.json()) as { filename: string }).filename);
    }
    expect(answers).toEqual([
      "test_00001_.png",
      "test_00002_.png",
      "test_00002_.png",
      "test_00001_.png",
    ]);
    const folder = path.join(gateway.dataDirectory, "outputs", "user001", "gw");
    expect(await readFile(path.join(folder, "test_00002_.png"), "utf8")).toBe("second");
    const seen = await gateway.alice.fetch(
      "/view?filename=test_00001_.png&subfolder=gw&type=output",
    );
    expect(await seen.text()).toBe("first");
    const strange = await gateway.bob.fetch(
      "/view?filename=test_00001_.png&subfolder=gw&type=output",
    );
    expect(strange.status).toBe(404);
  });

  test.each([
    ["wrong bytes", { digest: "0".repeat(64), filename: "bad_00001_.png" }, 422],
    ["no checksum", { digest: "nonsense" }, 400],
    ["an old attempt", { attempt: 7 }, 409],
    ["another worker", { token: TOKENS.otherWorker }, 409],
    ["a user's token", { token: TOKENS.alice }, 401],
    ["the admin's token", { token: TOKENS.admin }, 401],
    ["a way out", { filename: "../x.png" }, 400],
    ["a way out by folder", { subfolder: "../user002" }, 400],
  ])("%s is refused and nothing kept", async (_name, change, status) => {
    expect((await deliver("refused bytes", change)).status).toBe(status);
    const folder = path.join(gateway.dataDirectory, "outputs", "user001", "gw");
    expect((await readdir(folder)).sort()).toEqual(["test_00001_.png", "test_00002_.png"]);
    expect(await readdir(path.join(gateway.dataDirectory, "partial"))).toEqual([]);
  });

  test("an input is fetched with its checksum, only by the attempt that holds the job", async () => {
    await upload(gateway.alice, "for-worker.txt", "input bytes");
    const get = (filename: string, attempt = worker.claim.attempt) =>
      fetch(
        `${gateway.origin}/internal/v1/jobs/${worker.claim.job.id}/inputs?attempt=${attempt}&filename=${filename}`,
        { headers: { authorization: `Bearer ${TOKENS.worker}` } },
      );
    const response = await get("for-worker.txt");
    expect(response.headers.get("x-content-sha256")).toBe(sha256("input bytes"));
    expect(await response.text()).toBe("input bytes");
    expect((await get("nothing.txt")).status).toBe(404);
    expect((await get("for-worker.txt", 9)).status).toBe(409);
  });
});
