import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { workerDrainType } from "./worker-drain-type.ts";

/** Draining against a queue manager that answers as the admin API does; the worker is played. */

interface Played {
  readonly name: string;
  status: string;
  jobId?: string;
}
let server: FastifyInstance;
let worker: Played | undefined;
let orders: string[];
let url: string;
let lines: string[];
/** Called before each answer: what has happened to the worker meanwhile. */
let meanwhile: () => void;

beforeEach(async () => {
  worker = { name: "worker-1", status: "running", jobId: "job-1" };
  orders = [];
  lines = [];
  meanwhile = () => undefined;
  server = fastify();
  server.addHook("onRequest", async (request, reply) => {
    if (request.headers.authorization !== "Bearer admin") return await reply.code(401).send({});
    meanwhile();
  });
  server.get("/api/v1/workers", () => ({ workers: worker ? [{ ...worker, gpu: "H100" }] : [] }));
  server.post<{ Params: { name: string } }>(
    "/api/v1/workers/:name/drain",
    async (request, reply) => {
      orders.push(request.params.name);
      if (!worker) return await reply.code(404).send({});
      worker.status = "draining";
      return { sent: true };
    },
  );
  url = await server.listen({ host: "127.0.0.1", port: 0 });
});
afterEach(async () => {
  await server.close();
});

const remove = (changes: object = {}, signal = new AbortController().signal) =>
  workerDrainType.delete(
    {
      worker: "worker-1",
      runs: "container-1",
      queueManagerUrl: url,
      adminToken: "admin",
      timeoutSeconds: 60,
      ...changes,
    },
    { urn: "", id: "worker-1", progress: (line) => lines.push(line), signal },
  );

test("a worker that runs a job is told to drain once and waited for", async () => {
  let asked = 0;
  meanwhile = () => {
    asked += 1;
    if (asked > 3 && worker) delete worker.jobId;
  };
  await remove();
  expect(orders).toEqual(["worker-1"]);
  expect(lines).toEqual(["worker-1 ends its job job-1 first (at most 60 s)"]);
});

test.each<[string, Played | undefined]>([
  ["is not listed", undefined],
  ["fell silent", { name: "worker-1", status: "lost", jobId: "job-1" }],
])("a worker that %s holds nothing and is not waited for", async (_what, played) => {
  worker = played;
  await remove();
  expect(orders).toEqual([]);
});

test("a worker that leaves between two questions is not waited for", async () => {
  let asked = 0;
  meanwhile = () => {
    asked += 1;
    if (asked > 1) worker = undefined;
  };
  await remove();
  expect(orders).toEqual(["worker-1"]);
});

test("a job that goes on for longer than the stated time keeps the worker, with a sentence", async () => {
  await expect(remove({ timeoutSeconds: 1 })).rejects.toThrow(
    "worker-1 still runs job-1 after 1 s: cancel its job on the admin page, or wait, and run the same command again.",
  );
});

test("another admin token is said, without showing it", async () => {
  const refused = remove({ adminToken: "wrong-token" });
  await expect(refused).rejects.toThrow("refuses to drain worker-1 (HTTP 401)");
  await expect(refused).rejects.not.toThrow("wrong-token");
});

test("with no time to wait the worker is not asked at all", async () => {
  await remove({ timeoutSeconds: 0, queueManagerUrl: "http://127.0.0.1:1" });
  expect(orders).toEqual([]);
});

test("another container is another drain, and other settings are taken over", async () => {
  expect(workerDrainType.replacedBy).toEqual(["worker", "runs"]);
  const inputs = {
    worker: "worker-1",
    runs: "container-1",
    queueManagerUrl: url,
    adminToken: "admin",
    timeoutSeconds: 60,
  };
  const { state } = await workerDrainType.create(inputs, {} as never);
  const next = { ...inputs, timeoutSeconds: 5 };
  expect(await workerDrainType.update?.(state, next, {} as never)).toEqual(next);
});
