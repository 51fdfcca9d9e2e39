/** A worker asks what an input holds before it fetches it. */
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileHashes } from "../src/files/file-hashes.ts";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";
import { sha256 } from "./upload-client.ts";

let gateway: TestGateway;
let worker: ScriptedWorker;
let folder: string;
beforeAll(async () => {
  gateway = await startGateway();
  worker = new ScriptedWorker(gateway.queue);
  await gateway.alice.submit(graph);
  await worker.take();
  folder = path.join(gateway.dataDirectory, "inputs", "user001");
  await mkdir(folder, { recursive: true });
});
afterAll(() => gateway.close());

function ask(filename: string, { token = TOKENS.worker, method = "HEAD" } = {}): Promise<Response> {
  const { job, attempt } = worker.claim;
  const query = new URLSearchParams({ attempt: String(attempt), filename });
  return fetch(`${gateway.origin}/internal/v1/jobs/${job.id}/inputs?${query.toString()}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
  });
}

test("HEAD tells size and sha256 of what GET would send, also after a change", async () => {
  for (const content of ["the first picture", "the other picture"]) {
    await writeFile(path.join(folder, "photo.png"), content);
    const asked = await ask("photo.png");
    expect(asked.status).toBe(200);
    expect(asked.headers.get("content-length")).toBe(String(content.length));
    expect(asked.headers.get("x-content-sha256")).toBe(sha256(Buffer.from(content)));
    expect(await asked.text()).toBe("");
    expect(await (await ask("photo.png", { method: "GET" })).text()).toBe(content);
  }
});

test("HEAD says no more than GET to those who may not ask", async () => {
  await writeFile(path.join(folder, "secret.png"), "secret");
  expect((await ask("secret.png", { token: TOKENS.otherWorker })).status).toBe(409);
  expect((await ask("secret.png", { token: TOKENS.bob })).status).toBe(401);
  expect((await ask("missing.png")).status).toBe(404);
  expect((await ask("../user002/photo.png")).status).toBe(400);
});

test("a remembered hash is given up with any change of the file, its times put back or not", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "hashes-"));
  try {
    const file = path.join(directory, "file");
    const longAgo = new Date(Date.now() - 3600_000);
    const hashes = new FileHashes();
    for (const content of ["one", "two", "two", "six"]) {
      await writeFile(file, content);
      await utimes(file, longAgo, longAgo);
      expect(await hashes.of(file)).toBe(sha256(Buffer.from(content)));
    }
    await rm(file);
    await expect(hashes.of(file)).rejects.toThrow("ENOENT");
  } finally {
    await rm(directory, { recursive: true });
  }
});
