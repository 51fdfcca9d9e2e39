import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadObjectInfo } from "@comfymulti/workflows";
import {
  COMFYUI_VERSION,
  registerWorker,
  startGateway,
  TOKENS,
  type TestGateway,
} from "./gateway.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const admin = (path: string, init: RequestInit = {}) =>
  fetch(`${gateway.origin}${path}`, {
    redirect: "manual",
    ...init,
    headers: { authorization: `Bearer ${TOKENS.admin}`, ...(init.headers as object) },
  });

describe("the host's API", () => {
  test("describes itself", async () => {
    const description = (await (await admin("/api/v1/openapi.json")).json()) as {
      openapi: string;
      paths: object;
    };
    expect(description.openapi).toMatch(/^3\.1/);
    expect(Object.keys(description.paths)).toEqual(
      expect.arrayContaining(["/api/v1/jobs", "/api/v1/jobs/{id}/cancel", "/api/v1/workers"]),
    );
  });

  test("lists jobs of all users by page, without graphs, and cancels one", async () => {
    const first = await gateway.alice.submit(graph);
    const second = await gateway.bob.submit(graph);
    const page = (await (await admin("/api/v1/jobs?limit=1")).json()) as {
      jobs: { id: string }[];
      total: number;
    };
    expect(page).toMatchObject({ jobs: [{ id: second, user: "user002" }], total: 2 });
    expect(page.jobs[0]).not.toHaveProperty("payload");
    const filtered = await (await admin("/api/v1/jobs?user=user001&state=pending")).json();
    expect(filtered).toMatchObject({ jobs: [{ id: first }], total: 1 });
    const cancelled = await admin(`/api/v1/jobs/${first}/cancel`, { method: "POST" });
    expect(await cancelled.json()).toMatchObject({ id: first, state: "cancelled" });
    const again = await admin(`/api/v1/jobs/${first}/cancel`, { method: "POST" });
    expect(again.status).toBe(409);
    const all = await admin("/api/v1/users/user002/cancel", { method: "POST" });
    expect(await all.json()).toEqual({ cancelled: 1 });
  });

  test("tells users without tokens, workers, limits and health", async () => {
    const users = await (await admin("/api/v1/users")).text();
    expect(users).toContain("user002");
    expect(users).not.toContain(TOKENS.bob);
    expect(await (await admin("/api/v1/workers")).json()).toMatchObject({
      workers: [{ name: "worker-1", simulated: true }],
    });
    expect(await (await admin("/api/v1/limits")).json()).toMatchObject({ maxQueueDepth: 100 });
    expect(await (await admin("/api/v1/health")).json()).toMatchObject({ status: "ok" });
  });

  test("a wrong query is answered in words", async () => {
    const response = await admin("/api/v1/jobs?limit=0");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request" } });
  });

  test("metrics count jobs and refusals", async () => {
    await gateway.alice.post("/prompt", {});
    const text = await (await admin("/metrics")).text();
    expect(text).toMatch(/comfymulti_prompts_refused_total\{type="no_prompt"\} 1/);
    expect(text).toMatch(/comfymulti_queue_jobs\{state="pending"\} \d/);
    expect(text).toMatch(/comfymulti_http_request_duration_seconds_count/);
  });

  test("the admin page opens by link and marks simulated workers", async () => {
    const link = await fetch(`${gateway.origin}/admin/?token=${TOKENS.admin}`, {
      redirect: "manual",
    });
    expect(link.status).toBe(303);
    const cookie = link.headers.get("set-cookie")?.split(";")[0] ?? "";
    const page = await fetch(`${gateway.origin}/admin/`, { headers: { cookie } });
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await page.text()).toContain("SIMULATED");
  });
});

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
  const health = await fetch(`${gateway.origin}/health`);
  expect(health.status).toBe(503);
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
