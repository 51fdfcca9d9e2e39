import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { graph } from "./scripted-worker.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const health = async () => {
  const response = await fetch(`${gateway.origin}/health`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

test("health counts jobs by state, cancelled ones too, and workers", async () => {
  const id = await gateway.alice.submit(graph);
  await gateway.alice.submit(graph);
  await gateway.queue.cancel(id, "user001");
  await expect.poll(health).toEqual({
    status: 200,
    body: {
      status: "ok",
      redis: "ok",
      queue: { pending: 1, running: 0, completed: 0, failed: 0, cancelled: 1 },
      workers: 1,
    },
  });
  const admin = await fetch(`${gateway.origin}/api/v1/health`, {
    headers: { authorization: `Bearer ${TOKENS.admin}` },
  });
  expect(await admin.json()).toEqual((await health()).body);
});

test("a Redis that is frozen is told as such, without zeros, and forgotten when it thaws", async () => {
  gateway.redis.signal("SIGSTOP");
  try {
    await expect.poll(async () => (await health()).status, { timeout: 15_000 }).toBe(503);
    const { body } = await health();
    expect(body).toMatchObject({ status: "error", redis: "unavailable" });
    expect(body["reason"]).toMatch(/Redis/);
    expect(body).not.toHaveProperty("queue");
  } finally {
    gateway.redis.signal("SIGCONT");
  }
  await expect.poll(async () => (await health()).status, { timeout: 15_000 }).toBe(200);
});
