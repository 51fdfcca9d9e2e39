/** What the queue keeps and tells when Redis dies, stands still, or comes back. */
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { Redis } from "ioredis";
import { beforeEach, describe, expect, it } from "vitest";
import { Channels } from "../src/channels.ts";
import { EventSubscription } from "../src/event-subscription.ts";
import {
  Queue,
  RedisNotDurableError,
  RedisUnavailableError,
  type Claim,
  type UserEvent,
} from "../src/index.ts";
import { QueueKeys } from "../src/keys.ts";
import { startRedis, type TestRedis } from "../src/testing/redis-server.ts";
import { newJob, result, until } from "./jobs.ts";

let redis: TestRedis;
beforeEach(async () => {
  redis = await startRedis();
  return () => redis.stop();
});

/** A line to Redis whose answers can be swallowed, as by a network that fails at the wrong moment. */
async function cutLine(redisPort: number) {
  let swallowing = false;
  const server = createServer((client) => {
    const upstream = connect(redisPort, "127.0.0.1");
    client.pipe(upstream);
    upstream.on("data", (answer) => {
      if (swallowing) client.destroy();
      else client.write(answer);
    });
    for (const socket of [client, upstream]) {
      socket.on("error", () => undefined);
      socket.on("close", () => [client, upstream].forEach((each) => each.destroy()));
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    swallow: () => (swallowing = true),
    mend: () => (swallowing = false),
    close: () => server.close(),
  };
}

const bytesOnDisk = () => {
  const folder = path.join(redis.folder, "appendonlydir");
  return readdirSync(folder).reduce((sum, file) => sum + statSync(path.join(folder, file)).size, 0);
};

describe("durability", () => {
  it("keeps every accepted job over a kill -9 of Redis", async () => {
    const queue = await Queue.connect({ ...redis, userPendingLimit: 1000, maxQueueDepth: 1000 });
    const accepted: string[] = [];
    const flood = (async () => {
      for (;;) accepted.push((await queue.enqueue(newJob("user001"))).job.id);
    })().catch((error: unknown) => error);
    await until(() => accepted.length > 50);
    await redis.kill();
    expect(await flood).toBeInstanceOf(RedisUnavailableError);
    await redis.restart();
    const after = await Queue.connect({ ...redis });
    const kept = new Set((await after.list({ limit: 1000 })).jobs.map(({ id }) => id));
    expect(accepted.filter((id) => !kept.has(id))).toEqual([]);
    await queue.close();
    await after.close();
  });

  it("is asked for: a Redis that may lose jobs is refused with the cure", async () => {
    for (const setting of ["appendfsync everysec", "maxmemory-policy allkeys-lru"]) {
      const loose = await startRedis([setting]);
      const refusal = await Queue.connect({ ...loose }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(RedisNotDurableError);
      expect(String(refusal)).toContain(`it has ${setting}`);
      await loose.stop();
    }
  });

  it("costs nothing for what is not kept: progress and previews write no byte", async () => {
    const queue = await Queue.connect({ ...redis });
    await queue.enqueue(newJob("user001"));
    const claim = await queue.claim("worker-1", 0);
    if (!claim) throw new Error("nothing to claim");
    const holder = { job: claim.job.id, worker: "worker-1", attempt: claim.attempt };
    const before = bytesOnDisk();
    for (let value = 0; value < 100; value++) {
      await queue.publishMessage(holder, { type: "progress", data: { value } }, true);
      await queue.publishPreview(claim, Buffer.alloc(1000));
    }
    expect(bytesOnDisk()).toBe(before);
    await queue.complete(holder, result);
    expect(bytesOnDisk()).toBeGreaterThan(before);
    await queue.close();
  });
});

describe("a claim whose answer is lost on the way", () => {
  it("brings the job it had got when it is said again, and nobody else gets it meanwhile", async () => {
    const line = await cutLine(redis.port);
    const gateway = await Queue.connect({ ...redis });
    const worker = await Queue.connect({ ...redis, port: line.port });
    expect(await worker.claim("worker-1", 0)).toBeUndefined();
    const jobs = [newJob("user001"), newJob("user002")];
    for (const job of jobs) await gateway.enqueue(job);
    const [first, second] = jobs.map(({ id }) => id);

    line.swallow();
    await expect(worker.claim("worker-1", 0)).rejects.toThrow(RedisUnavailableError);
    expect(await gateway.job(first ?? "")).toMatchObject({ state: "running", attempt: 1 });
    line.mend();
    let again: Claim | undefined;
    await until(async () => {
      again = await worker.claim("worker-1", 0).catch(() => undefined);
      return again !== undefined;
    });
    expect(again).toMatchObject({ attempt: 1, job: { id: first } });
    expect((await gateway.claim("worker-2", 0))?.job.id).toBe(second);
    for (const each of [gateway, worker]) await each.close();
    line.close();
  });
});

describe("while Redis is away", () => {
  it("every call fails at once instead of hanging, and works again after", async () => {
    const queue = await Queue.connect({ ...redis });
    await redis.kill();
    await expect(queue.claim("worker-1", 0)).rejects.toThrow(RedisUnavailableError);
    await expect(queue.enqueue(newJob("user001"))).rejects.toThrow(RedisUnavailableError);
    await expect(queue.ping()).rejects.toThrow(RedisUnavailableError);
    await redis.restart();
    await until(() =>
      queue.ping().then(
        () => true,
        () => false,
      ),
    );
    await queue.enqueue(newJob("user001"));
    await queue.close();
  });

  it("a health check of a frozen Redis ends in time", async () => {
    const queue = await Queue.connect({ ...redis });
    redis.signal("SIGSTOP");
    await expect(queue.ping()).rejects.toThrow(/no answer within 1000 ms/);
    redis.signal("SIGCONT");
    await queue.close();
  });
});

describe("a subscriber", () => {
  it("misses no stored event over an outage", async () => {
    const queue = await Queue.connect({ ...redis });
    const seen: string[] = [];
    const subscription = await queue.subscribe({
      onEvent: (_, event) => seen.push(event.job),
      onPreview: () => undefined,
    });
    await subscription.add("user001");
    const sent: string[] = [];
    for (let round = 0; round < 5; round++) {
      await redis.restart();
      // Another gateway is back at once and accepts a job while this one still waits to reconnect.
      const other = await Queue.connect({ ...redis });
      const job = newJob("user001");
      await other.enqueue(job);
      await other.close();
      sent.push(job.id);
      await until(() => seen.includes(job.id));
    }
    expect(seen).toEqual(sent);
    await queue.close();
  });

  it("hears missed events before one that arrives while they are fetched", async () => {
    const keys = new QueueKeys("overtaking");
    const channels = await Channels.connect(redis);
    const raw = new Redis({ host: redis.host, port: redis.port, password: redis.password });
    const event = (job: string): UserEvent => ({
      kind: "state",
      job,
      clientId: "",
      attempt: 0,
      state: "pending",
      reason: "enqueued",
      remaining: 1,
      at: 1,
    });
    const fetching = Promise.withResolvers<undefined>();
    const fetched = Promise.withResolvers<undefined>();
    let outage = false;
    const source = {
      newestEventId: () => Promise.resolve("1-0"),
      eventsSince: async () => {
        if (!outage) return [];
        fetching.resolve(undefined);
        await fetched.promise;
        return [
          { id: "2-0", event: event("second") },
          { id: "3-0", event: event("third") },
        ];
      },
    };
    const seen: string[] = [];
    const subscription = new EventSubscription(channels, keys, source, {
      onEvent: (_, { job }) => seen.push(job),
      onPreview: () => undefined,
    });
    await subscription.add("user001");
    outage = true;
    await raw.call("CLIENT", "KILL", "TYPE", "pubsub");
    await fetching.promise;
    const message = `3-0 ${JSON.stringify(event("third"))}`;
    await until(async () => (await raw.publish(keys.of("events", "user001"), message)) === 1);
    fetched.resolve(undefined);
    await until(() => seen.length === 2);
    expect(seen).toEqual(["second", "third"]);
    await subscription.close();
    channels.close();
    raw.disconnect();
  });
});
