/** Ports for processes of the benchmark's own, and when they answer. */
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const START_SECONDS = 30;

/** Resolves when the address answers 200; throws when it does not in time. */
export async function ready(url: string): Promise<void> {
  for (const start = Date.now(); Date.now() - start < START_SECONDS * 1000; await pause(50)) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error(`${url} was not ready within ${START_SECONDS} s`);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
