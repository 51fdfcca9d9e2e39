import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadObjectInfo } from "@comfymulti/workflows";
import { COMFYUI_VERSION, registerWorker, startGateway, type TestGateway } from "./gateway.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

describe("what a frontend asks at page load", () => {
  test("object_info is compressed and not sent twice", async () => {
    const first = await gateway.alice.fetch("/api/object_info", {
      headers: { "accept-encoding": "br" },
    });
    expect(first.headers.get("content-encoding")).toBe("br");
    const names = Object.keys((await first.json()) as object);
    expect(names).toEqual(Object.keys(loadObjectInfo(COMFYUI_VERSION)));
    const etag = first.headers.get("etag") ?? "";
    const second = await gateway.alice.fetch("/api/object_info", {
      headers: { "if-none-match": etag },
    });
    expect(second.status).toBe(304);
  });

  test("system_stats shows the workers and the pinned frontend version", async () => {
    expect(await gateway.alice.get("/api/system_stats")).toMatchObject({
      system: { comfyui_version: "0.11.1", required_frontend_version: "1.37.11" },
      devices: [{ name: "worker-1: Simulated GPU (SIMULATED)", vram_total: 81_559 * 1024 * 1024 }],
    });
  });

  test.each([
    ["/api/features", { supports_preview_metadata: true }],
    ["/api/embeddings", []],
    ["/api/models/checkpoints", []],
    ["/object_info/Nope", {}],
    ["/internal/logs", "The logs of the GPU workers are kept by the host."],
    ["/internal/files/output", []],
  ])("%s", async (path, expected) => {
    const body = await gateway.alice.get<unknown>(path);
    expect(body).toEqual(
      Array.isArray(expected) || typeof expected === "string"
        ? expected
        : (expect.objectContaining(expected) as unknown),
    );
  });

  test.each(["/api/models/nope", "/view_metadata/checkpoints?filename=x", "/api/jobs/nope"])(
    "%s is 404",
    async (path) => {
      expect((await gateway.alice.fetch(path)).status).toBe(404);
    },
  );
});

test("when Redis goes, health and prompts say so; when it is back, everything works again", async () => {
  const socket = await gateway.alice.socket("stays");
  await socket.untilType("status");
  await gateway.redis.kill();
  await expect
    .poll(async () => (await fetch(`${gateway.origin}/health`)).status, { timeout: 15_000 })
    .toBe(503);
  const health = await fetch(`${gateway.origin}/health`);
  expect(await health.json()).toMatchObject({ status: "error", redis: "unavailable" });
  const refused = await gateway.alice.post("/prompt", { prompt: graph });
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({
    error: { type: "queue_unavailable" },
    node_errors: {},
  });
  await gateway.redis.restart();
  await expect
    .poll(async () => (await fetch(`${gateway.origin}/health`)).status, { timeout: 15_000 })
    .toBe(200);
  await registerWorker(gateway.queue);
  await gateway.alice.submit(graph, { client_id: "stays" });
  const worker = new ScriptedWorker(gateway.queue);
  await worker.take();
  await worker.begin();
  await worker.finish();
  await socket.untilType("execution_success");
  await socket.close();
});
