import { afterAll, beforeAll, expect, test } from "vitest";
import { LIST_PAYLOAD_BYTES } from "../src/limits.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

type Item = [number, string, Record<string, unknown>, { extra_pnginfo?: unknown }, string[]];
interface Listing {
  queue_running: Item[];
  queue_pending: Item[];
}

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    environment: { USER_PENDING_LIMIT: "1000", MAX_QUEUE_DEPTH: "1000" },
  });
});
afterAll(() => gateway.close());

const submit = (bytes: number) =>
  gateway.alice.submit(graph, {
    extra_data: { extra_pnginfo: { workflow: { id: "w", note: "x".repeat(bytes) } } },
  });

test("a hundred jobs of half a megabyte are listed in less than 100 KB, and one is had on demand", async () => {
  const ids = [];
  for (let count = 0; count < 100; count++) ids.push(await submit(500_000));
  const response = await gateway.alice.fetch("/queue");
  const text = await response.text();
  expect(text.length).toBeLessThan(100_000);
  const { queue_pending: pending } = JSON.parse(text) as Listing;
  expect(pending.map(([, id]) => id)).toEqual(ids);
  expect(pending[0]?.[2]).toEqual({});
  const jobs = await (await gateway.alice.fetch("/api/jobs")).text();
  expect(jobs.length).toBeLessThan(100_000);
  const one = await gateway.alice.get<{ workflow: { prompt: unknown; extra_data: object } }>(
    `/api/jobs/${String(ids[50])}`,
  );
  expect(one.workflow.prompt).toEqual(graph);
  expect(one.workflow.extra_data).toHaveProperty("extra_pnginfo.workflow.id", "w");
  await gateway.alice.post("/queue", { clear: true });
});

test("small graphs are listed whole, the next ones first, also behind a large one", async () => {
  const large = await submit(LIST_PAYLOAD_BYTES);
  const small = [await submit(1000), await submit(2000)];
  const { queue_pending: pending } = await gateway.alice.get<Listing & Record<string, unknown>>(
    "/queue",
  );
  const withGraph = pending.filter(([, , prompt]) => Object.keys(prompt).length > 0);
  expect(pending.map(([, id]) => id)).toEqual([large, ...small]);
  expect(withGraph.map(([, id]) => id)).toEqual(small);
  expect(withGraph[0]?.[3]).toHaveProperty("extra_pnginfo.workflow.id", "w");
  await gateway.alice.post("/queue", { clear: true });
});

test("history lists results of every job and has a large graph on demand", async () => {
  const id = await submit(LIST_PAYLOAD_BYTES);
  const worker = new ScriptedWorker(gateway.queue);
  await worker.take();
  await worker.finish();
  type History = Record<string, { prompt: Item; outputs: object; status: { completed: boolean } }>;
  const listed = (await gateway.alice.get<History>("/history?max_items=64"))[id];
  expect(listed?.prompt[2]).toEqual({});
  expect(listed?.prompt[3]).not.toHaveProperty("extra_pnginfo");
  expect(listed?.outputs).toHaveProperty("3.images");
  expect(listed?.status.completed).toBe(true);
  expect((await gateway.alice.get<History>(`/history/${id}`))[id]?.prompt[2]).toEqual(graph);
});

test("a job that ends after a later one comes last in history, with a higher number", async () => {
  await gateway.alice.post("/history", { clear: true });
  const workers = [];
  for (let count = 0; count < 2; count++) {
    await submit(10);
    const worker = new ScriptedWorker(gateway.queue);
    await worker.take();
    workers.push(worker);
  }
  const [earlier, later] = workers;
  await later?.finish();
  await earlier?.finish();
  const history = await gateway.alice.get<Record<string, { prompt: Item }>>("/history");
  expect(Object.keys(history)).toEqual([later?.claim.job.id, earlier?.claim.job.id]);
  const [first = 0, second = 0] = Object.values(history).map(({ prompt: [number] }) => number);
  expect(first).toBe(later?.claim.job.number);
  expect(second).toBeGreaterThan(first);
});
