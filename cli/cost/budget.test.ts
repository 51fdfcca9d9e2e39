import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { AdminApi } from "./admin-api.ts";
import { judgeForecast, judgeSpent } from "./budget.ts";
import { drainWorkers } from "./enforce.ts";
import { sharesOf } from "./shares.ts";

const held = { budget: { currency: "EUR", amount: 100 }, exchangeRates: {} };
const euros = (low: number, high = low) => ({ EUR: { low, high } });

test.each([
  [79, "fits"],
  [80, "warning"],
  [99, "warning"],
  [100, "over"],
])("%i of 100 spent: %s", (spent, state) => {
  expect(judgeSpent(euros(spent), held).state).toBe(state);
});

test("a forecast is judged by its high end, and says what to do", () => {
  const verdict = judgeForecast(euros(10, 140), held);
  expect(verdict).toMatchObject({ state: "over", share: 1.4 });
  expect(verdict.sentence).toContain("up to 140.00 EUR. Set comfymulti:endsAt earlier");
});

test("another currency is not guessed at", () => {
  const dollars = { USD: { low: 1, high: 1 } };
  const verdict = judgeSpent(dollars, held);
  expect(verdict.state).toBe("unclear");
  expect(verdict.sentence).toContain('set comfymulti:exchangeRates, {"USD": …}');
  expect(judgeSpent(dollars, { ...held, exchangeRates: { USD: 0.9 } }).share).toBeCloseTo(0.009);
});

test("cost is shared by seconds on a GPU, running jobs included", () => {
  const now = new Date(100_000);
  const jobs = [
    { user: "user001", startedAt: 0, endedAt: 30_000 },
    { user: "user002", startedAt: 90_000 },
    { user: "user002" },
  ];
  const { by, shares } = sharesOf(euros(40), ["user001", "user002", "user003"], jobs, now);
  expect(by).toBe("GPU seconds");
  expect(shares.map(({ user, cost }) => [user, cost.EUR?.high])).toEqual([
    ["user001", 30],
    ["user002", 10],
    ["user003", 0],
  ]);
});

test.each([[undefined], [[]]])("with jobs %j it is shared evenly, and that is said", (jobs) => {
  const { by, shares } = sharesOf(euros(40), ["user001", "user002"], jobs, new Date());
  expect(by).toBe("heads");
  expect(shares.map(({ cost }) => cost.EUR?.high)).toEqual([20, 20]);
});

test("a spent budget pauses the queue and drains each worker once, however often it is enforced", async () => {
  const workers = new Map([
    ["worker-1", "running"],
    ["worker-2", "lost"],
    ["worker-3", "idle"],
  ]);
  let paused = false;
  const orders: string[] = [];
  const server = fastify();
  onTestFinished(() => server.close());
  server.addHook("onRequest", async ({ method, url, headers }) => {
    if (headers.authorization !== "Bearer of-the-host") throw new Error("not the host");
    if (method !== "GET") orders.push(`${method} ${url}`);
  });
  server.get("/api/v1/queue", () => ({
    ...{ paused, closed: false, jobs: { pending: 3, running: 1 }, limits: { maxQueueDepth: 100 } },
  }));
  server.get("/api/v1/workers", () => ({
    workers: [...workers].map(([name, status]) => ({ name, status, comfyuiVersion: "0.11.1" })),
  }));
  server.put("/api/v1/announcement", ({ body }) => body);
  server.post("/api/v1/queue/pause", () => ({ paused: (paused = true) }));
  server.post<{ Params: { name: string } }>("/api/v1/workers/:name/drain", ({ params }) => {
    workers.set(params.name, "draining");
    return { sent: true };
  });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const api = new AdminApi({ url: `${url}/admin/`, token: "of-the-host" });

  expect(await drainWorkers(api)).toEqual([
    "the queue takes no new jobs",
    "worker-1 ends its job and takes no other",
    "worker-3 ends its job and takes no other",
  ]);
  expect(await drainWorkers(api)).toEqual([]);
  expect(orders).toEqual([
    "PUT /api/v1/announcement",
    "POST /api/v1/queue/pause",
    "POST /api/v1/workers/worker-1/drain",
    "POST /api/v1/workers/worker-3/drain",
  ]);
});
