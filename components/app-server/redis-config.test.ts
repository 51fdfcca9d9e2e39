import { describe, expect, it } from "vitest";
import { renderRedisConfig } from "./redis-config.ts";

const config = {
  listenAddress: "127.0.0.1",
  port: 6390,
  dataDirectory: '/data/of "mine"',
  password: "secret",
};

describe("Redis' configuration", () => {
  it("acknowledges a write only once it is on disk", () => {
    const lines = renderRedisConfig(config).split("\n");
    expect(lines).toContain("appendonly yes");
    expect(lines).toContain("appendfsync always");
    expect(lines).toContain("maxmemory-policy noeviction");
  });

  it("quotes a folder whose name holds spaces and quotes", () => {
    expect(renderRedisConfig(config)).toContain('dir "/data/of \\"mine\\""');
  });
});
