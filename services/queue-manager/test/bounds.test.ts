/** Clients that send too much, too slowly or nothing: ended in bounded time, by raw sockets. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROMPT_BODY_BYTES } from "../src/limits.ts";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { graph } from "./scripted-worker.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    patience: { headersMs: 500, bodyMs: 2000, requestMs: 60_000, silenceMs: 3000 },
  });
});
afterAll(() => gateway.close());

/** A connection, and all that came back on it once the server has ended it. */
async function open(): Promise<{ socket: Socket; ended: Promise<string> }> {
  const { hostname, port } = new URL(gateway.origin);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  // A reset by the server is an end like any other.
  socket.on("error", () => undefined);
  const ended = new Promise<string>((resolve) => {
    socket.once("close", () => {
      resolve(text);
    });
  });
  await once(socket, "connect");
  return { socket, ended };
}

const head = (path: string, ...headers: string[]) =>
  [
    `POST /user001${path} HTTP/1.1`,
    "Host: localhost",
    `Authorization: Bearer ${TOKENS.alice}`,
    ...headers,
    "",
    "",
  ].join("\r\n");

test("a connection on which nothing comes is ended", async () => {
  const { ended } = await open();
  expect(await ended).toMatch(/^(?:HTTP\/1\.1 408|$)/);
});

test("headers that never end are not waited for", async () => {
  const { socket, ended } = await open();
  socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n");
  expect(await ended).toMatch(/^HTTP\/1\.1 408/);
});

test.each(["/prompt", "/queue"])("a body of %s that drips is refused", async (path) => {
  const { socket, ended } = await open();
  socket.write(head(path, "Content-Length: 1000"));
  const dripping = setInterval(() => socket.write(" "), 50);
  const answer = await ended;
  clearInterval(dripping);
  expect(answer).toMatch(/^HTTP\/1\.1 408/);
  expect(answer).toContain('"type":"too_slow"');
});

test("50 MB are refused before the first byte of them", async () => {
  const { socket, ended } = await open();
  socket.write(head("/prompt", "Content-Length: 50000000"));
  const answer = await ended;
  expect(answer).toMatch(/^HTTP\/1\.1 413/);
  expect(answer).toContain('"node_errors":{}');
});

test("a body of unknown length is refused at the limit", async () => {
  const { socket, ended } = await open();
  socket.write(head("/prompt", "Transfer-Encoding: chunked"));
  const megabyte = `100000\r\n${"x".repeat(0x100000)}\r\n`;
  let sent = 0;
  while (!socket.destroyed && sent < 2 * PROMPT_BODY_BYTES) {
    sent += 0x100000;
    if (socket.write(megabyte)) continue;
    await Promise.race([once(socket, "drain").catch(() => undefined), ended]);
  }
  expect(await ended).toMatch(/^(?:HTTP\/1\.1 413|$)/);
  expect(sent).toBeLessThan(2 * PROMPT_BODY_BYTES);
});

test("a client that goes away in mid-body leaves nothing behind", async () => {
  const { socket } = await open();
  socket.write(head("/prompt", "Content-Length: 60000000"));
  socket.destroy();
  for (let count = 0; count < 3; count++) {
    const half = await open();
    half.socket.write(head("/prompt", "Content-Length: 30000000") + "{");
    half.socket.destroy();
    await half.ended;
  }
  // A user's share would be used up by two such bodies.
  const large = JSON.stringify({ prompt: graph, extra_data: { x: "x".repeat(10_000_000) } });
  await expect
    .poll(async () => (await gateway.alice.post("/prompt", large)).status, { timeout: 10_000 })
    .toBe(200);
});

test("bodies of one user that together are too large get 503, and another user is served", async () => {
  const held = await Promise.all([open(), open(), open()]);
  for (const { socket } of held) socket.write(head("/prompt", "Content-Length: 32000000"));
  const refusal = await Promise.race(held.map(({ ended }) => ended));
  const other = await gateway.bob.post("/prompt", { prompt: graph });
  for (const { socket } of held) socket.destroy();
  expect(refusal).toMatch(/^HTTP\/1\.1 503/);
  expect(refusal).toContain("retry-after: 5");
  expect(refusal).toContain('"type":"too_many_prompts"');
  expect(other.status).toBe(200);
});

test("a WebSocket and an upload that takes its time outlive the silence that ends others", async () => {
  const socket = await gateway.alice.socket("quiet");
  await socket.untilType("status");
  const form = [
    "--edge",
    'Content-Disposition: form-data; name="image"; filename="slow.png"',
    "",
    "0123456789",
    "--edge--",
    "",
  ].join("\r\n");
  const slow = await open();
  slow.socket.write(
    head(
      "/upload/image",
      "Content-Type: multipart/form-data; boundary=edge",
      `Content-Length: ${form.length}`,
      "Connection: close",
    ),
  );
  for (const character of form.match(/.{1,16}/gs) ?? []) {
    slow.socket.write(character);
    await pause(500);
  }
  expect(await slow.ended).toMatch(/^HTTP\/1\.1 200/);
  socket.send({ type: "feature_flags", data: {} });
  await socket.untilType("feature_flags");
  await socket.close();
});
