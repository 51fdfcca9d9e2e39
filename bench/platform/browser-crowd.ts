/**
 * Many browsers' WebSockets in a process of their own, so that receiving does not wait for whoever
 * sends. What they hear carries when it was sent, on the clock that all processes share. Started by
 * `openBrowsers`; its first message says which sockets to open.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Scope } from "../measurement/figure.ts";
import type { Participant } from "./temporary-stack.ts";

/** Where a preview frame says when it was sent: after event type and image type. */
export const SENT_AT = 8;
/** Sockets that are opened at once. */
const OPENING = 20;

const heardSchema = z.object({
  /** ms from worker to browser. */
  progress: z.array(z.number()),
  previews: z.array(z.number()),
  /** Every message, of any kind. */
  messages: z.number(),
});
export type Heard = z.infer<typeof heardSchema>;

/** ms on the machine's monotonic clock, which every process reads alike. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * Opens this many sockets of each participant, each with a client id of its own.
 *
 * @returns what was heard since the last time it was asked for
 */
export async function openBrowsers(
  participants: readonly Participant[],
  socketsEach: number,
  scope: Scope,
): Promise<() => Promise<Heard>> {
  const child = fork(fileURLToPath(import.meta.url));
  scope.defer(() => void child.kill());
  const urls = participants.map(({ url, token }) => `${url}ws?token=${token}`);
  child.send({ urls, socketsEach });
  const [opened] = (await once(child, "message")) as [unknown];
  if (opened !== "open") throw new Error(`the browsers' sockets do not open: ${String(opened)}`);
  return async () => {
    const answered = once(child, "message");
    child.send("tell");
    const [heard] = (await answered) as [unknown];
    return heardSchema.parse(heard);
  };
}

const orderSchema = z.object({ urls: z.array(z.string()), socketsEach: z.number() });

function nothing(): Heard {
  return { progress: [], previews: [], messages: 0 };
}

async function serve(): Promise<void> {
  const [order] = (await once(process, "message")) as [unknown];
  const { urls, socketsEach } = orderSchema.parse(order);
  let heard = nothing();
  const open = async (url: string) => {
    const socket = new WebSocket(url.replace(/^http/, "ws"));
    socket.binaryType = "arraybuffer";
    const greeted = Promise.withResolvers<undefined>();
    socket.addEventListener("error", () => greeted.reject(new Error("a socket was refused")));
    socket.addEventListener("close", () => greeted.reject(new Error("a socket was closed")));
    socket.addEventListener("message", ({ data }: { data: unknown }) => {
      greeted.resolve(undefined);
      heard.messages++;
      if (data instanceof ArrayBuffer) {
        heard.previews.push(sharedNow() - Buffer.from(data).readDoubleBE(SENT_AT));
        return;
      }
      const { type, data: content } = JSON.parse(String(data)) as {
        type: string;
        data: { sentAt?: number };
      };
      if (type === "progress") heard.progress.push(sharedNow() - (content.sentAt ?? NaN));
    });
    await greeted.promise;
  };
  const waiting = urls.flatMap((url) =>
    Array.from({ length: socketsEach }, (_, index) => `${url}&clientId=browser-${index}`),
  );
  const openNext = async () => {
    for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) await open(url);
  };
  try {
    await Promise.all(Array.from({ length: OPENING }, openNext));
    process.send?.("open");
  } catch (error) {
    process.send?.(String(error));
  }
  process.on("message", () => {
    process.send?.(heard);
    heard = nothing();
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve();
