import { request as httpRequest } from "node:http";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Echo } from "./frontend.ts";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

let gateway: TestGateway;
let log = "";
beforeAll(async () => {
  const destination = new PassThrough();
  destination.on("data", (chunk: Buffer) => (log += chunk.toString()));
  gateway = await startGateway({ log: destination });
});
afterAll(() => gateway.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${gateway.origin}${path}`, { redirect: "manual", headers });

/** fetch would tidy the path up; this sends it as it is. */
function rawGet(path: string, token: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(gateway.origin);
    const headers = { authorization: `Bearer ${token}` };
    httpRequest({ hostname, port, path, headers }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    })
      .on("error", reject)
      .end();
  });
}

describe("signing in", () => {
  test("the personal link sets a cookie for this user's pages alone, which then opens them", async () => {
    const link = await get(`/user001/?token=${TOKENS.alice}`);
    expect([link.status, link.headers.get("location")]).toEqual([303, "/user001/"]);
    const cookie = link.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^comfymulti_user001=.*Path=\/user001\/.*HttpOnly.*SameSite=Lax/);
    const pair = cookie.split(";")[0] ?? "";
    expect((await get("/user001/api/queue", { cookie: pair })).status).toBe(200);
    expect((await get("/user002/api/queue", { cookie: pair })).status).toBe(401);
  });

  test("the editor's manifest, which browsers fetch without a cookie, passes; no other file does", async () => {
    expect((await get("/user001/assets/manifest-AbC_12-3.json")).status).toBe(200);
    for (const path of [
      "/user001/assets/index-AbC.js",
      "/user001/assets/manifest-a.json.map",
      "/user001/assets/manifest-a%2Fb.json",
      "/user001/assets/x/manifest-a.json",
    ]) {
      expect((await get(path)).status, path).toBe(401);
    }
    expect((await get("/user099/assets/manifest-a.json")).status).toBe(404);
    expect((await get("/favicon.ico")).status).toBe(204);
  });

  test.each([
    ["nothing", "/user001/queue", {}, 401],
    [
      "the token as a Basic password",
      "/user001/queue",
      { authorization: `Basic ${Buffer.from(`anybody:${TOKENS.alice}`).toString("base64")}` },
      200,
    ],
    [
      "a wrong Basic password",
      "/user001/queue",
      { authorization: `Basic ${Buffer.from("user001:wrong").toString("base64")}` },
      401,
    ],
    ["another user's token", "/user001/queue", { authorization: `Bearer ${TOKENS.bob}` }, 401],
    ["a worker's token", "/user001/queue", { authorization: `Bearer ${TOKENS.worker}` }, 401],
    ["the admin's token", "/user001/queue", { authorization: `Bearer ${TOKENS.admin}` }, 200],
    ["a token in the URL", `/user001/queue?token=${TOKENS.alice}`, {}, 401],
    ["a wrong link", "/user001/?token=wrong", {}, 401],
    ["an unknown user", "/user099/queue", { authorization: `Bearer ${TOKENS.alice}` }, 404],
    [
      "a user's token on the admin API",
      "/api/v1/jobs",
      { authorization: `Bearer ${TOKENS.alice}` },
      401,
    ],
    [
      "a worker's token on the admin API",
      "/api/v1/jobs",
      { authorization: `Bearer ${TOKENS.worker}` },
      401,
    ],
    ["nothing on the metrics", "/metrics", {}, 401],
    ["nothing on the admin page", "/admin/", {}, 401],
  ])("%s", async (_name, path, headers, status) => {
    const response = await get(path, headers);
    expect(response.status).toBe(status);
    await response.arrayBuffer();
  });

  test("an API call without a token gets ComfyUI's error form, a person gets a page", async () => {
    expect(await (await get("/user001/api/queue")).json()).toMatchObject({
      error: { type: "unauthorized" },
      node_errors: {},
    });
    const page = await get("/user001/", { accept: "text/html" });
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(await page.text()).toContain("personal link");
  });

  test("a cookie does not help another web site", async () => {
    const post = (headers: Record<string, string>) =>
      fetch(`${gateway.origin}/user001/queue`, {
        method: "POST",
        headers: { cookie: `comfymulti_user001=${TOKENS.alice}`, ...headers },
        body: "{}",
      });
    expect((await post({ origin: "https://evil.example" })).status).toBe(403);
    expect((await post({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await post({ origin: gateway.origin })).status).toBe(200);
  });

  test("a WebSocket opens by cookie from our pages or by token, and not from elsewhere", async () => {
    const open = (query: string, headers: Record<string, string>) =>
      new Promise<string>((resolve) => {
        const url = `${gateway.origin.replace("http", "ws")}/user001/ws${query}`;
        const socket = new WebSocket(url, { headers });
        socket.on("open", () => {
          socket.close();
          resolve("open");
        });
        socket.on("error", (error) => {
          resolve(error.message);
        });
      });
    const cookie = `comfymulti_user001=${TOKENS.alice}`;
    expect(await open(`?token=${TOKENS.alice}`, {})).toBe("open");
    expect(await open("", { cookie, origin: gateway.origin })).toBe("open");
    expect(await open("", { cookie, origin: "https://evil.example" })).toMatch(/403/);
    const basic = `Basic ${Buffer.from(`anybody:${TOKENS.alice}`).toString("base64")}`;
    expect(await open("", { authorization: basic })).toBe("open");
    expect(await open("", { authorization: basic, origin: "https://evil.example" })).toMatch(/403/);
    expect(await open("?token=wrong", {})).toMatch(/401/);
    expect(await open("", {})).toMatch(/401/);
  });

  test("no token was logged", () => {
    expect(log).toContain("token=[redacted]");
    for (const token of Object.values(TOKENS)) expect(log).not.toContain(token);
  });

  test("many wrong tokens are answered 429, and the right one still opens", async () => {
    const statuses = new Set<number>();
    for (let count = 0; count < 40; count++) {
      const wrong = await get("/user001/queue", { authorization: "Bearer wrong" });
      statuses.add(wrong.status);
      await wrong.arrayBuffer();
    }
    expect(statuses).toContain(429);
    expect((await gateway.alice.fetch("/queue")).status).toBe(200);
  });
});

describe("one user's work is nobody else's", () => {
  test("lists, history, cancel and delete reach own jobs only", async () => {
    const ended = await gateway.alice.submit(graph);
    const worker = new ScriptedWorker(gateway.queue);
    await worker.take();
    await worker.begin();
    await worker.finish();
    const running = await gateway.alice.submit(graph);
    await worker.take();
    const waiting = await gateway.alice.submit(graph);

    await gateway.bob.post("/queue", { delete: [waiting, running], clear: true });
    await gateway.bob.post("/interrupt", {});
    await gateway.bob.post("/interrupt", { prompt_id: running });
    await gateway.bob.post("/history", { delete: [ended], clear: true });
    expect(await gateway.bob.get("/queue")).toEqual({ queue_running: [], queue_pending: [] });
    expect(await gateway.bob.get("/history")).toEqual({});
    expect(await gateway.bob.get(`/history/${ended}`)).toEqual({});
    expect(await gateway.bob.get("/api/jobs")).toMatchObject({
      jobs: [],
      pagination: { total: 0 },
    });
    expect((await gateway.bob.fetch(`/api/jobs/${ended}`)).status).toBe(404);
    expect(await gateway.bob.get("/prompt")).toEqual({ exec_info: { queue_remaining: 0 } });

    const own = await gateway.alice.get<Record<string, unknown[][]>>("/queue");
    expect(own["queue_running"]?.map(([, id]) => id)).toEqual([running]);
    expect(own["queue_pending"]?.map(([, id]) => id)).toEqual([waiting]);
    expect(Object.keys(await gateway.alice.get("/history"))).toEqual([ended]);

    await gateway.alice.post("/queue", { clear: true });
    await gateway.alice.post("/interrupt", { prompt_id: running });
    expect(await gateway.alice.get("/queue")).toEqual({ queue_running: [], queue_pending: [] });
    await gateway.alice.post("/history", { delete: [ended] });
    expect(await gateway.alice.get(`/history/${ended}`)).toEqual({});
  });
});

describe("the rest goes to the user's frontend", () => {
  const echo = async (path: string, init: RequestInit = {}) =>
    (await (await gateway.alice.fetch(path, init)).json()) as Echo;

  test("with the raw URI, the user's name and the frontends' token, without the browser's", async () => {
    const seen = await echo("/api/userdata/workflows%2Fmy%20graph.json?overwrite=true", {
      method: "POST",
      headers: { cookie: "private=1", "content-type": "application/json" },
      body: '{"nodes":[]}',
    });
    expect(seen).toMatchObject({
      method: "POST",
      url: "/user001/api/userdata/workflows%2Fmy%20graph.json?overwrite=true",
      body: '{"nodes":[]}',
    });
    expect(seen.headers).toMatchObject({
      "comfy-user": "user001",
      authorization: `Bearer ${TOKENS.frontend}`,
      host: new URL(gateway.origin).host,
    });
    expect(seen.headers).not.toHaveProperty("cookie");
  });

  test("the upstream's cookies stay upstream", async () => {
    const response = await gateway.alice.fetch("/api/settings");
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  test("DELETE and the index page pass too", async () => {
    expect(await echo("/api/userdata/a%2Fb", { method: "DELETE" })).toMatchObject({
      method: "DELETE",
    });
    expect(await echo("/")).toMatchObject({ url: "/user001/" });
  });

  test.each(["/user001/../user002/x", "/user001/%2e%2e/user002/x", "/user001/a%2f..%2fb"])(
    "%s does not reach another user",
    async (path) => {
      expect((await rawGet(path, TOKENS.alice)).status).toBeGreaterThanOrEqual(400);
    },
  );

  test("without the slash is redirected, keeping the query", async () => {
    const response = await get("/user001?a=1");
    expect([response.status, response.headers.get("location")]).toEqual([308, "/user001/?a=1"]);
  });

  test("a frontend that is down is said in plain words", async () => {
    await gateway.frontend.close();
    const json = await gateway.alice.fetch("/api/settings");
    expect(json.status).toBe(502);
    expect(await json.json()).toMatchObject({ error: { type: "frontend_unavailable" } });
    const page = await gateway.alice.fetch("/", { headers: { accept: "text/html" } });
    expect(await page.text()).toContain("reload");
  });
});
