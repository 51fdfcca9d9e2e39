import { Redis } from "ioredis";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "../../bench/platform/listening.ts";
import { QUEUE_RULES, renderRedisConfig } from "./redis-config.ts";

const config = {
  listenAddress: "127.0.0.1",
  port: 6390,
  dataDirectory: '/data/of "mine"',
  users: [{ name: "worker", passwordHash: "ab".repeat(32), rules: "~{cm}:* +@read" }],
};

describe("Redis' configuration", () => {
  it("acknowledges a write only once it is on disk", () => {
    const lines = renderRedisConfig(config).split("\n");
    expect(lines).toContain("appendonly yes");
    expect(lines).toContain("appendfsync always");
    expect(lines).toContain("maxmemory-policy noeviction");
  });

  it("lets nobody in without a name and a password", () => {
    const lines = renderRedisConfig(config).split("\n");
    expect(lines).toContain("user default off ~* &* +@all");
    expect(lines).toContain(`user worker on #${"ab".repeat(32)} ~{cm}:* +@read`);
  });

  it("quotes a folder whose name holds spaces and quotes", () => {
    expect(renderRedisConfig(config)).toContain('dir "/data/of \\"mine\\""');
  });

  it("has every transaction of a user again after a kill, and still lets nobody in without a name", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-redis-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const port = await freePort();
    const password = "of-this-test";
    const passwordHash = createHash("sha256").update(password).digest("hex");
    const users = [{ name: "manager", passwordHash, rules: QUEUE_RULES }];
    const text = renderRedisConfig({ ...config, port, dataDirectory: folder, users });
    const start = () => {
      const server = spawn("redis-server", ["-"], { stdio: ["pipe", "ignore", "ignore"] });
      server.stdin.end(text);
      onTestFinished(() => void server.kill("SIGKILL"));
      return server;
    };
    const connect = (login: object) => {
      const client = new Redis({ port, lazyConnect: false, ...login });
      client.on("error", () => undefined);
      onTestFinished(() => client.disconnect());
      return client;
    };
    const first = start();
    const manager = connect({ username: "manager", password });
    await manager.set("{cm}:alone", "kept");
    await manager.multi().set("{cm}:one", "kept").set("{cm}:two", "kept").exec();
    await manager.eval("redis.call('SET', KEYS[1], 'kept') redis.call('SET', KEYS[2], 'kept')", 2, [
      "{cm}:three",
      "{cm}:four",
    ]);
    first.kill("SIGKILL");
    await once(first, "exit");
    start();
    const keys = ["{cm}:alone", "{cm}:one", "{cm}:two", "{cm}:three", "{cm}:four"];
    await expect.poll(() => manager.mget(keys)).toEqual(keys.map(() => "kept"));
    const nobody = connect({ maxRetriesPerRequest: 0 });
    await expect(nobody.get("{cm}:alone")).rejects.toThrow("NOAUTH");
  });
});
