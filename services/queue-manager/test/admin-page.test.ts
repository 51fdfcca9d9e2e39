/** The host's page, as a browser without scripts sees it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { Host } from "./host.ts";
import { graph, ScriptedWorker, WORKER } from "./scripted-worker.ts";

let gateway: TestGateway;
let cookie: string;
beforeEach(async () => {
  gateway = await startGateway();
  const link = await fetch(`${gateway.origin}/admin/?token=${TOKENS.admin}`, {
    redirect: "manual",
  });
  expect(link.status).toBe(303);
  expect(link.headers.get("location")).toBe("/admin/");
  cookie = link.headers.get("set-cookie")?.split(";")[0] ?? "";
});
afterEach(() => gateway.close());

const open = (path: string) =>
  fetch(`${gateway.origin}${path}`, { headers: { cookie, accept: "text/html" } });

const read = async (path = "/admin/"): Promise<string> => (await open(path)).text();

/** Presses a form's button, as a browser does. */
const press = (action: string, headers: Record<string, string> = {}) =>
  fetch(`${gateway.origin}${action}`, {
    method: "POST",
    redirect: "manual",
    headers: {
      cookie,
      accept: "text/html",
      origin: gateway.origin,
      "sec-fetch-site": "same-origin",
      "content-type": "application/x-www-form-urlencoded",
      ...headers,
    },
  });

/** Presses it where the page offers it, and comes back to the overview. */
async function pressOffered(action: string, page = "/admin/"): Promise<string> {
  expect(await read(page)).toContain(`<form method="post" action="${action}">`);
  const response = await press(action);
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe("/admin/");
  return read();
}

test("reloads itself, runs nothing, and marks simulated workers", async () => {
  const response = await open("/admin/");
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  const page = await response.text();
  expect(page).toContain('<meta http-equiv="refresh" content="5">');
  expect(page).toContain("SIMULATED");
  expect(page).not.toMatch(/<script|src=|https?:\/\//);
});

test("shows who waits in which order, who runs where, and why jobs failed, in plain words", async () => {
  const failed = await gateway.bob.submit(graph);
  const first = new ScriptedWorker(gateway.queue);
  await first.take();
  await gateway.queue.fail(
    first.holder,
    { kind: "out-of-memory", message: "Try <b>fewer</b> frames." },
    undefined,
  );
  const running = await gateway.alice.submit(graph);
  await new ScriptedWorker(gateway.queue).take();
  const waiting = await gateway.bob.submit(graph);
  const page = await read();
  expect(page).toContain("1 of at most 100 waiting, 1 running");
  const section = (name: string) => page.split(`<h2>${name}`)[1]?.split("<h2>")[0] ?? "";
  expect(section("Running")).toContain(running.slice(0, 8));
  expect(section("Running")).toContain(WORKER);
  expect(section("Waiting")).toContain(`<td>1</td><td><code title="${waiting}">`);
  expect(section("Failed")).toContain(failed.slice(0, 8));
  expect(section("Failed")).toContain("more GPU memory than there is");
  expect(section("Failed")).toContain("&lt;b&gt;fewer&lt;/b&gt;");
  expect(section("Memory")).toContain("256 MiB");
  expect(page).not.toContain(TOKENS.bob);
});

test("takes no new jobs, and takes them again", async () => {
  expect(await pressOffered("/admin/queue/pause")).toContain("Paused: new jobs are refused");
  expect((await gateway.alice.post("/prompt", { prompt: graph })).status).toBe(503);
  expect(await pressOffered("/admin/queue/resume")).toContain("participants can submit jobs");
  expect((await gateway.alice.post("/prompt", { prompt: graph })).status).toBe(200);
});

test("moves a job to the front, and runs a failed one again", async () => {
  const failed = await gateway.alice.submit(graph);
  const worker = new ScriptedWorker(gateway.queue);
  await worker.take();
  await gateway.queue.fail(worker.holder, { kind: "timed-out", message: "Too slow." }, undefined);
  await gateway.alice.submit(graph);
  const last = await gateway.alice.submit(graph);
  await pressOffered(`/admin/jobs/${last}/front`);
  expect(await gateway.queue.position(last)).toBe(0);
  await pressOffered(`/admin/jobs/${failed}/retry`);
  expect(await gateway.queue.job(failed)).toMatchObject({ state: "pending" });
});

test("asks before it cancels a job, everything of a user, or takes a worker out", async () => {
  const orders: unknown[] = [];
  await gateway.queue.onControl(WORKER, (order) => orders.push(order));
  const one = await gateway.alice.submit(graph);
  const two = await gateway.bob.submit(graph);
  for (const path of [
    `/admin/jobs/${one}/cancel`,
    "/admin/users/user002/cancel",
    `/admin/workers/${WORKER}/drain`,
  ]) {
    expect(await read()).toContain(`href="${path}"`);
    const question = await read(path);
    expect(question).not.toContain("refresh");
    expect(question).toContain('href="/admin/"');
    await pressOffered(path, path);
  }
  expect(await gateway.queue.job(one)).toMatchObject({ state: "cancelled" });
  expect(await gateway.queue.job(two)).toMatchObject({ state: "cancelled" });
  await expect.poll(() => orders).toEqual([{ kind: "drain" }]);
});

test("a form that is refused shows a sentence and the way back", async () => {
  const id = await gateway.alice.submit(graph);
  for (const [action, status, sentence] of [
    [`/admin/jobs/${id}/retry`, 409, "The job is pending already."],
    ["/admin/jobs/nope/front", 404, "Job not found"],
    ["/admin/users/nobody/cancel", 404, "User not found"],
    ["/admin/workers/worker-9/drain", 404, "Worker not found"],
    ["/admin/users/NOBODY/cancel", 400, "The request is not valid"],
  ] as const) {
    const response = await press(action);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    const page = await response.text();
    expect(page).toContain(sentence);
    expect(page).toContain('<a href="/admin/">');
  }
});

test("a question that makes no sense any more is a sentence with the way back", async () => {
  const id = await gateway.alice.submit(graph);
  await gateway.queue.cancel(id, undefined);
  for (const [path, status, sentence] of [
    [`/admin/jobs/${id}/cancel`, 409, "The job is cancelled already."],
    ["/admin/jobs/nope/cancel", 404, "Job not found"],
  ] as const) {
    const response = await open(path);
    expect(response.status).toBe(status);
    const page = await response.text();
    expect(page).toContain(sentence);
    expect(page).toContain('<a href="/admin/">');
  }
});

test("a form of another site, or of nobody, changes nothing", async () => {
  const foreign = await press("/admin/queue/pause", {
    origin: "https://elsewhere.example",
    "sec-fetch-site": "cross-site",
  });
  expect(foreign.status).toBe(403);
  const unknown = await press("/admin/queue/pause", { cookie: "" });
  expect(unknown.status).toBe(401);
  expect(await unknown.text()).toContain("Not signed in");
  expect((await fetch(`${gateway.origin}/admin/users/user001/cancel`)).status).toBe(401);
  expect(await gateway.queue.paused()).toBe(false);
});

test("goes on reloading while Redis is away, and shows the queue when it is back", async () => {
  await gateway.redis.kill();
  const away = await read();
  expect(away).toContain("Redis");
  expect(away).toContain('http-equiv="refresh"');
  const refused = await press("/admin/queue/pause");
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain("The queue is not reachable at the moment");
  await gateway.redis.restart();
  await expect.poll(() => read(), { timeout: 15_000 }).toContain("Waiting, next first");
  expect((await new Host(gateway).fetch("/api/v1/health")).status).toBe(200);
});
