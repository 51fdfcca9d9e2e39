import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { SOCKET_BUFFER } from "../src/limits.ts";
import { ClientSocket } from "../src/sockets/client-socket.ts";

let server: WebSocketServer;
let browser: WebSocket;
let raw: WebSocket;
let socket: ClientSocket;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const connected = once(server, "connection") as Promise<[WebSocket]>;
  const { port } = server.address() as AddressInfo;
  // Does not answer pings: what a laptop that was shut looks like.
  browser = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong: false });
  [raw] = await connected;
  socket = new ClientSocket(raw, "slow");
  await once(browser, "open");
});
afterEach(async () => {
  browser.terminate();
  server.close();
  await once(server, "close");
});

const message = (type: string) => ({ type, data: { text: "x".repeat(1024 * 1024) } });

test("a browser that reads nothing loses pictures, then progress, then the connection", () => {
  browser.pause();
  const preview = Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 1]), Buffer.alloc(256 * 1024)]);
  for (let count = 0; count < 100; count++) socket.sendPreview(preview);
  expect(raw.bufferedAmount).toBeLessThan(SOCKET_BUFFER.previews + 2 * preview.length);
  for (let count = 0; count < 50; count++) socket.send(message("progress_state"));
  expect(raw.bufferedAmount).toBeLessThan(SOCKET_BUFFER.progress + 2 * 1024 * 1024);
  expect(raw.readyState).toBe(WebSocket.OPEN);
  for (let count = 0; count < 30; count++) socket.send(message("executed"));
  expect(raw.readyState).not.toBe(WebSocket.OPEN);
});

test("a browser that answers no ping is let go at the second", async () => {
  socket.ping();
  expect(raw.readyState).toBe(WebSocket.OPEN);
  const closed = once(raw, "close");
  socket.ping();
  await closed;
  expect(raw.readyState).toBe(WebSocket.CLOSED);
});
