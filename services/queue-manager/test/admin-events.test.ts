/** The host's event stream, over a real socket. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EVENT_STREAMS } from "../src/routes/admin-api/events.ts";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { Host, type HostEvent } from "./host.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

let gateway: TestGateway;
let host: Host;
beforeEach(async () => {
  gateway = await startGateway();
  host = new Host(gateway);
});
afterEach(() => gateway.close());

const of =
  (name: string, job: string) =>
  (event: HostEvent): boolean =>
    event.name === name && event.data["job"] === job;

const names = (events: readonly HostEvent[]) => events.map(({ name }) => name);

test("changes of state of all users arrive as they happen, without graphs and client ids", async () => {
  const stream = await host.listen();
  expect(stream.response.headers.get("content-type")).toBe("text/event-stream");
  const first = await gateway.alice.submit(graph, { client_id: "browser-of-alice" });
  const worker = new ScriptedWorker(gateway.queue);
  await worker.take();
  await worker.begin();
  await worker.finish();
  const second = await gateway.bob.submit(graph);
  await host.post(`/jobs/${second}/cancel`);
  const { data } = await stream.until(of("cancelled", second));
  expect(data).toEqual({
    user: "user002",
    job: second,
    state: "cancelled",
    from: "pending",
    attempt: 0,
    remaining: 0,
    at: expect.any(Number),
  });
  expect(names(stream.events)).toEqual([
    "enqueued",
    "claimed",
    "completed",
    "enqueued",
    "cancelled",
  ]);
  expect(stream.events[0]?.data).toMatchObject({ user: "user001", job: first });
  const text = JSON.stringify(stream.events);
  expect(text).not.toContain("EmptyImage");
  expect(text).not.toContain("browser-of-alice");
  await stream.close();
});

test("one user's events come without another's; nodes speak on demand", async () => {
  const stream = await host.listen("?user=user002&messages=true");
  await gateway.alice.submit(graph);
  const alices = new ScriptedWorker(gateway.queue);
  await alices.take();
  await alices.begin();
  await alices.finish();
  const id = await gateway.bob.submit(graph);
  const worker = new ScriptedWorker(gateway.queue);
  await worker.take();
  await worker.begin();
  await worker.say("progress", { value: 1, max: 2 }, true);
  await worker.finish();
  await stream.until(of("completed", id));
  expect(stream.events.every(({ data }) => data["user"] === "user002")).toBe(true);
  const messages = stream.events.filter(({ name }) => name === "message");
  expect(messages.map(({ data }) => data["type"])).toEqual([
    "execution_start",
    "execution_cached",
    "executing",
    "progress",
    "executed",
  ]);
  const progress = messages.find(({ data }) => data["type"] === "progress");
  expect(progress).toMatchObject({ id: undefined, data: { job: id, data: { value: 1, max: 2 } } });
  await stream.close();
});

test("a listener that comes back is told what it missed, oldest first, then what happens", async () => {
  const stream = await host.listen();
  const first = await gateway.alice.submit(graph);
  const { id: lastEventId } = await stream.until(of("enqueued", first));
  await stream.close();
  const second = await gateway.bob.submit(graph);
  const third = await gateway.alice.submit(graph);
  await host.post(`/jobs/${second}/cancel`);
  const again = await host.listen("", lastEventId);
  await again.until(of("cancelled", second));
  await host.post(`/jobs/${third}/cancel`);
  await again.until(of("cancelled", third));
  // What shares the last event's millisecond may come again, and is known by its user and id.
  const isNew = ({ id, data }: HostEvent) => id !== lastEventId || data["user"] !== "user001";
  const told = again.events.filter(isNew).map(({ name, data }) => [name, data["job"]]);
  expect(told).toEqual([
    ["enqueued", second],
    ["enqueued", third],
    ["cancelled", second],
    ["cancelled", third],
  ]);
  await again.close();
});

test("a listener that says no id is told only what happens from then on", async () => {
  await gateway.alice.submit(graph);
  const stream = await host.listen();
  const second = await gateway.bob.submit(graph);
  await stream.until(of("enqueued", second));
  expect(stream.events).toHaveLength(1);
  await stream.close();
});

test("a stream that is asked for wrongly is refused in words", async () => {
  for (const [query, lastEventId, status] of [
    ["?user=nobody", undefined, 404],
    ["?messages=perhaps", undefined, 400],
    ["", "yesterday", 400],
  ] as const) {
    const { response } = await host.listen(query, lastEventId);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toMatch(/json/);
  }
});

test("only so many streams are open; one that is closed makes room", async () => {
  const streams = await Promise.all(Array.from({ length: EVENT_STREAMS }, () => host.listen()));
  expect(streams.map(({ response }) => response.status)).toEqual(streams.map(() => 200));
  const refused = await host.listen();
  expect(refused.response.status).toBe(429);
  expect(refused.response.headers.get("retry-after")).toBe("10");
  await streams.pop()?.close();
  await expect
    .poll(async () => {
      const next = await host.listen();
      streams.push(next);
      return next.response.status;
    })
    .toBe(200);
  await Promise.all(streams.map((stream) => stream.close()));
});

test("a listener that does not read is cut off, and the others are not held up", async () => {
  const quick = await host.listen("?messages=true");
  const slow = connect(Number(new URL(gateway.origin).port), "127.0.0.1");
  slow.on("error", () => undefined);
  slow.write(
    `GET /api/v1/events?messages=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKENS.admin}\r\n\r\n`,
  );
  await once(slow, "readable");
  slow.pause();
  await gateway.alice.submit(graph);
  const worker = new ScriptedWorker(gateway.queue);
  const { job } = await worker.take();
  await worker.begin();
  // The system's own buffers take a few MB before ours fills.
  const connections = () =>
    new Promise<number>((resolve) => gateway.app.server.getConnections((_, n) => resolve(n)));
  const before = await connections();
  const filler = "x".repeat(60_000);
  for (let sent = 0; sent < 400 && (await connections()) >= before; sent++) {
    await worker.say("progress", { value: sent, max: 400, filler }, true);
  }
  expect(await connections()).toBeLessThan(before);
  await worker.finish();
  await quick.until(of("completed", job.id));
  slow.destroy();
  await quick.close();
});

test("a stream goes on through a restart of Redis", async () => {
  const stream = await host.listen();
  await gateway.redis.kill();
  await gateway.redis.restart();
  await expect
    .poll(async () => (await gateway.alice.post("/prompt", { prompt: graph })).status, {
      timeout: 15_000,
    })
    .toBe(200);
  await stream.until(({ name }) => name === "enqueued");
  await stream.close();
});
