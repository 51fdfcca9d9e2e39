/** Worker to browser through the gateway, beside raw Redis pub/sub with the same bytes. */
import { Queue, type Claim } from "@comfymulti/queue";
import { Redis } from "ioredis";
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { distribution } from "../measurement/statistics.ts";
import { Browser } from "../platform/browser.ts";
import { startGateway, type Gateway } from "../platform/gateway.ts";

/** Sent one at a time for the delay. */
const DELAYS = 300;
const INTERVAL_MS = 10;
/** Sent as fast as this many on their way allow, for the rate. */
const WINDOW = 64;
const RATE_SECONDS = 4;
/** A JPEG preview of 512 pixels has about this size. */
const PREVIEW_BYTES = 32 * 1024;
/** Offset of the sample's number in a frame: after event type and image type. */
const NUMBER_AT = 8;
const LEASE_MS = 600_000;
const RAW_CHANNEL = "raw";

/** Sends sample n; whatever receives it calls `received(n)`. */
type Send = (n: number) => Promise<unknown>;

export const relay: Benchmark = {
  name: "relay",
  about: "progress and previews from worker to browser, ratio to raw pub/sub",
  async run(scope: Scope): Promise<Figure[]> {
    const gateway = await startGateway(scope);
    const path = new RelayPath();
    const viaGateway = await openGatewayPath(gateway, path, scope);
    const raw = await openRawPath(gateway, path, scope);

    const figures: Figure[] = [];
    for (const kind of ["progress", "preview"] as const) {
      // In turn, so that both meet the same machine.
      const [delays, rawDelays] = await path.delays([viaGateway[kind], raw[kind]]);
      const rate = await path.rate(viaGateway[kind]);
      const rawRate = await path.rate(raw[kind]);
      const through = distribution(`${kind}: worker to browser`, "ms", delays);
      const bare = distribution(`${kind}: raw Redis pub/sub`, "ms", rawDelays);
      figures.push(
        through,
        bare,
        { name: `${kind}: delay, ratio to raw`, unit: "×", value: through.value / bare.value },
        { name: `${kind}: rate worker to browser`, unit: "/s", value: rate },
        { name: `${kind}: rate of raw Redis pub/sub`, unit: "/s", value: rawRate },
        { name: `${kind}: rate, ratio to raw`, unit: "×", value: rate / rawRate },
      );
    }
    return figures;
  },
};

/** Notes what arrives, whichever way it came. */
class RelayPath {
  #onReceived: (n: number) => void = () => undefined;

  readonly received = (n: number): void => this.#onReceived(n);

  /** ms from send to arrival, one list a way; the ways take turns. */
  async delays(ways: readonly [Send, Send]): Promise<[number[], number[]]> {
    const delays: [number[], number[]] = [[], []];
    for (let n = 0; n < DELAYS; n++) {
      for (const [way, send] of ways.entries()) {
        await pause(INTERVAL_MS);
        const arrived = new Promise<number>((resolve) => {
          this.#onReceived = (number) => number === n && resolve(performance.now());
        });
        const start = performance.now();
        void send(n);
        delays[way]?.push((await arrived) - start);
      }
    }
    return delays;
  }

  /** Samples per second that arrive while `WINDOW` are always under way. */
  async rate(send: Send): Promise<number> {
    let sent = 0;
    let count = 0;
    const start = performance.now();
    const { promise, resolve } = Promise.withResolvers<number>();
    const sendNext = () => void send(sent++);
    this.#onReceived = () => {
      count++;
      const seconds = (performance.now() - start) / 1000;
      if (seconds < RATE_SECONDS) sendNext();
      else if (count === sent) resolve(count / seconds);
    };
    for (let index = 0; index < WINDOW; index++) sendNext();
    return promise;
  }
}

interface Ways {
  readonly progress: Send;
  readonly preview: Send;
}

async function openGatewayPath(
  { redis, participant }: Gateway,
  path: RelayPath,
  scope: Scope,
): Promise<Ways> {
  const queue = await Queue.connect({ ...redis, leaseMs: LEASE_MS });
  scope.defer(() => queue.close());
  const browser = await Browser.open(participant);
  scope.defer(() => browser.close());
  const claim = await runningJob(queue, participant.id, browser.clientId);
  // The gateway has heard of the claim when it relays this.
  const holder = { worker: "worker-1", job: claim.job.id, attempt: claim.attempt };
  const known = browser.heard(({ type }) => type === "execution_start");
  await queue.publishMessage(holder, { type: "execution_start", data: {} }, false);
  await known;

  browser.listen(({ type, data }) => {
    if (type === "progress") path.received(Number(data["value"]));
  });
  browser.onFrame = (frame) => path.received(frame.readUInt32BE(NUMBER_AT));
  return {
    progress: (n) => queue.publishMessage(holder, progress(claim, n), true),
    preview: (n) => queue.publishPreview(claim, previewFrame(n)),
  };
}

async function openRawPath({ redis }: Gateway, path: RelayPath, scope: Scope): Promise<Ways> {
  const { host, port, password } = redis;
  const [publisher, subscriber] = [0, 1].map(() => new Redis({ host, port, password }));
  if (!publisher || !subscriber) throw new Error("two clients were made");
  scope.defer(() => publisher.disconnect());
  scope.defer(() => subscriber.disconnect());
  await subscriber.subscribe(RAW_CHANNEL);
  subscriber.on("messageBuffer", (_channel: Buffer, message: Buffer) =>
    path.received(message.readUInt32BE(NUMBER_AT)),
  );
  const sized = Buffer.byteLength(JSON.stringify(progress(undefined, DELAYS)));
  return {
    progress: (n) => publisher.publish(RAW_CHANNEL, numbered(sized, n)),
    preview: (n) => publisher.publish(RAW_CHANNEL, previewFrame(n)),
  };
}

async function runningJob(queue: Queue, user: string, clientId: string): Promise<Claim> {
  const payload = { prompt: {}, extraData: {}, outputsToExecute: [] };
  const id = randomUUID();
  await queue.enqueue({ id, user, clientId, payload, costSeconds: 1, vramMiB: 0 });
  const claim = await queue.claim("worker-1", 0);
  if (!claim) throw new Error("the job that was just queued can be claimed");
  return claim;
}

/** ComfyUI's progress message of a sampler. */
function progress(claim: Claim | undefined, n: number) {
  const data = { value: n, max: 1_000_000, prompt_id: claim?.job.id ?? randomUUID(), node: "3" };
  return { type: "progress", data };
}

const image = randomBytes(PREVIEW_BYTES);

/** ComfyUI's preview frame: event 1, JPEG, picture; the picture begins with the sample's number. */
function previewFrame(n: number): Buffer {
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 1]), image]);
  frame.writeUInt32BE(n, NUMBER_AT);
  return frame;
}

function numbered(length: number, n: number): Buffer {
  const message = Buffer.alloc(length, " ");
  message.writeUInt32BE(n, NUMBER_AT);
  return message;
}
