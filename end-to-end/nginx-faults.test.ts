/**
 * What nginx does when what stands behind it does not answer, breaks off or says nothing for long; the
 * services are small ones of the test's own, so that each fault comes when it is wanted.
 */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort } from "../bench/platform/listening.ts";
import { makeCertificates, type Certificates } from "./nginx/certificates.ts";
import { openFrontDoor, type FrontDoor, type Wanted } from "./nginx/front-door.ts";
import { recordRequests, type Behaviour, type RecordingServer } from "./nginx/recording-server.ts";
import { ask } from "./nginx/request.ts";
import { acceptWebSocket, openWebSocket } from "./nginx/web-socket.ts";

/** Longer than nginx waits by itself. */
const SILENCE_MS = 65_000;
const SECRET = "a-token-that-nobody-may-read";
const PAGE = { accept: "text/html,application/xhtml+xml" };

let folder: string;
let certificates: Certificates;
let closing: (() => void | Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "comfymulti-certificates-"));
  certificates = makeCertificates(folder, "localhost");
  tls.setDefaultCACertificates([certificates.authority]);
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function service(behaviour: Behaviour): Promise<RecordingServer> {
  const server = await recordRequests(behaviour);
  closing.push(() => server.close());
  return server;
}

async function frontDoor(
  queueManagers: readonly string[],
  settings: Partial<Wanted> = {},
): Promise<FrontDoor> {
  const door = await openFrontDoor({
    certificates,
    queueManagers: [...queueManagers],
    users: [{ id: "user001", kind: "light", editorVersion: "1.37.11" }],
    ...settings,
  });
  closing.push(() => door.close());
  return door;
}

const ok = (_request: unknown, response: ServerResponse) => response.end("well");

test("a WebSocket on which nothing is said for longer than a minute stays open", async () => {
  const server = await service({
    answer: ok,
    upgrade: (socket) => {
      acceptWebSocket(socket);
      setTimeout(() => socket.write("still here"), SILENCE_MS).unref();
    },
  });
  const door = await frontDoor([server.address]);
  const socket = await openWebSocket(`${door.origin}/user001/ws?clientId=x`);
  const [heard] = (await Promise.race([
    once(socket, "data"),
    once(socket, "close").then(() => ["nginx closed it"]),
  ])) as [unknown];
  socket.destroy();
  expect(String(heard)).toBe("still here");
});

test("a POST that breaks off is not sent a second time; a GET is, to the other queue manager", async () => {
  const breaksOff = () =>
    service({
      answer: (request) => void request.resume().on("end", () => request.socket.destroy()),
    });
  const servers = [await breaksOff(), await breaksOff()];
  const door = await frontDoor(servers.map(({ address }) => address));
  const received = (method: string) =>
    servers.flatMap((server) => server.received).filter((request) => request.method === method);

  const posted = await ask(door.origin, "/user001/prompt", { method: "POST", body: "{}" });
  expect(posted.status).toBe(502);
  expect(JSON.parse(posted.body)).toMatchObject({
    error: { type: "service_unavailable" },
    node_errors: {},
  });
  expect(posted.headers["retry-after"]).toBe("5");
  expect(received("POST")).toHaveLength(1);
  expect((await ask(door.origin, "/user001/api/queue")).status).toBe(502);
  expect(received("GET").length).toBeGreaterThan(1);
});

test("a POST goes to the other queue manager when the first can't be reached", async () => {
  const server = await service({ answer: ok });
  const nobody = `127.0.0.1:${await freePort()}`;
  const door = await frontDoor([nobody, server.address]);
  for (let index = 0; index < 20; index++) {
    const { status } = await ask(door.origin, "/user001/prompt", { method: "POST", body: "{}" });
    expect(status).toBe(200);
  }
  expect(server.received).toHaveLength(20);
});

test("two queue managers that are started anew, one right after the other, leave no gap", async () => {
  const server = await service({ answer: ok });
  const late = await freePort();
  const door = await frontDoor([server.address, `127.0.0.1:${late}`]);
  for (let index = 0; index < 4; index++) {
    expect((await ask(door.origin, "/user001/api/queue")).status).toBe(200);
  }
  // The second was found out of reach; now it is there, and the first is not.
  const started = createServer((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  }).listen(late, "127.0.0.1");
  await once(started, "listening");
  closing.push(() => void started.close());
  server.close();
  for (let index = 0; index < 4; index++) {
    expect((await ask(door.origin, "/user001/api/queue")).status).toBe(200);
  }
});

test("nobody behind it: a person gets a page, a program the editor's form, and no log the token", async () => {
  const door = await frontDoor([`127.0.0.1:${await freePort()}`]);
  const page = await ask(door.origin, `/user001/?token=${SECRET}`, { headers: PAGE });
  expect(page.status).toBe(502);
  expect(page.headers["content-type"]).toBe("text/html");
  expect(page.body).toContain("Your work in this tab is safe");
  const answer = await ask(door.origin, `/user001/ws?token=${SECRET}`, {
    headers: { referer: `https://localhost/?token=${SECRET}`, cookie: `comfymulti=${SECRET}` },
  });
  expect(JSON.parse(answer.body)).toMatchObject({ error: { type: "service_unavailable" } });
  expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
  await ask(door.origin, `/user001/%2e%2e/?token=${SECRET}`);
  await ask(door.origin, `/user001/..%2f..%2f..?token=${SECRET}`);
  await ask(door.origin, `/user001/?token=${SECRET}`, { headers: { long: "x".repeat(40_000) } });
  await pause(100);
  const logs = await door.logs();
  expect(logs).toContain('"upstreamStatus":"502');
  expect(logs).not.toContain(SECRET);
});

test("a service that says nothing is given up after the set time, with the editor's form", async () => {
  const server = await service({ answer: (request) => void request.resume() });
  const door = await frontDoor([server.address], { timeoutSeconds: 1 });
  const { status, body } = await ask(door.origin, "/user001/api/queue", { method: "POST" });
  expect(status).toBe(504);
  expect(JSON.parse(body)).toMatchObject({ error: { type: "service_timeout" } });
  expect(server.received).toHaveLength(1);
});

test("a participant who asks too much is told so, and no other one behind the same address", async () => {
  const server = await service({ answer: ok });
  const users = ["user001", "user002"].map((id) => ({
    id,
    kind: "light" as const,
    editorVersion: "1.37.11",
  }));
  const door = await frontDoor([server.address], {
    users,
    rateLimit: { requestsPerSecond: 1, burst: 150 },
  });
  const statuses = await Promise.all(
    Array.from({ length: 200 }, async () => (await ask(door.origin, "/user001/api/x")).status),
  );
  // An editor's start passes; what goes on like that does not.
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(150);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  const { body } = await ask(door.origin, "/user001/api/x", { method: "POST" });
  expect(JSON.parse(body)).toMatchObject({ error: { type: "too_many_requests" } });
  expect((await ask(door.origin, "/user002/api/x")).status).toBe(200);
});

test("during maintenance participants see a page, while workers and the admin go on", async () => {
  const server = await service({ answer: ok });
  const door = await frontDoor([server.address], { workerNetworks: ["127.0.0.1"] });
  await writeFile(door.maintenanceFlag, "");
  const page = await ask(door.origin, "/user001/", { headers: PAGE });
  expect(page.status).toBe(503);
  expect(page.headers["retry-after"]).toBe("60");
  expect(page.body).toContain("being looked after");
  const program = await ask(door.origin, "/user001/prompt", { method: "POST", body: "{}" });
  expect(JSON.parse(program.body)).toMatchObject({ error: { type: "maintenance" } });
  for (const route of ["/internal/v1/jobs/x/outputs", "/admin/", "/api/v1/jobs", "/health"]) {
    expect((await ask(door.origin, route)).status, route).toBe(200);
  }
  await rm(door.maintenanceFlag);
  expect((await ask(door.origin, "/user001/")).status).toBe(200);
});

test("the admin's pages can be kept to some networks", async () => {
  const server = await service({ answer: ok });
  const door = await frontDoor([server.address], { adminNetworks: ["192.0.2.0/24"] });
  for (const route of [
    "/admin/",
    "/%61dmin/",
    "//admin/",
    "/api/v1/jobs",
    "/api/v1/events",
    "/metrics",
  ]) {
    expect((await ask(door.origin, route)).status, route).toBe(403);
  }
  expect((await ask(door.origin, "/user001/")).status).toBe(200);
});

test("an address is believed only of a proxy that is named", async () => {
  const server = await service({ answer: ok });
  const made = { headers: { "x-forwarded-for": "198.51.100.7" } };
  await ask((await frontDoor([server.address])).origin, "/user001/", made);
  const trustedProxies = { networks: ["127.0.0.1"] };
  await ask((await frontDoor([server.address], { trustedProxies })).origin, "/user001/", made);
  expect(server.received.map(({ headers }) => headers["x-forwarded-for"])).toEqual([
    "127.0.0.1",
    "198.51.100.7",
  ]);
});

test("what a worker has sent of a file arrives while the rest is still to come", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = await service({
    answer: (request) => void request.once("data", (chunk: Buffer) => resolve(chunk.length)),
  });
  const door = await frontDoor([server.address]);
  const aborter = new AbortController();
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(1024)),
  });
  const sent = fetch(`${door.workerOrigin}/internal/v1/jobs/x/outputs`, {
    method: "PUT",
    body,
    duplex: "half",
    signal: aborter.signal,
  });
  expect(await promise).toBe(1024);
  aborter.abort();
  await expect(sent).rejects.toThrow("aborted");
});
