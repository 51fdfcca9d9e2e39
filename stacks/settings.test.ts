import { describe, expect, it } from "vitest";
import { parseSettings, SettingsError } from "./settings.ts";

function faultsOf(config: Record<string, string>): readonly string[] {
  try {
    parseSettings("local", config);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}

describe("a stack's settings", () => {
  it("are complete without any line in the file", () => {
    expect(parseSettings("local", {})).toMatchObject({ kind: "local", users: 4, workers: 1 });
  });

  it("take numbers and lists from configuration text", () => {
    const settings = parseSettings("local", {
      "comfymulti:users": "20",
      "comfymulti:comfyuiUrls": '["http://127.0.0.1:8188"]',
    });
    expect(settings.users).toBe(20);
    expect(settings.comfyuiUrls).toEqual(["http://127.0.0.1:8188"]);
  });

  it("let a stack of another name choose its kind", () => {
    expect(parseSettings("berlin", { "comfymulti:kind": "workshop" }).kind).toBe("workshop");
    expect(() => parseSettings("berlin", {})).toThrow(/comfymulti:kind/);
  });

  it("tell every fault at once, each with its path", () => {
    const faults = faultsOf({
      "comfymulti:usres": "4",
      "comfymulti:workers": "many",
      "comfymulti:workerVersion": "9.9.9",
      "comfymlti:users": "4",
    });
    expect(faults).toHaveLength(4);
    expect(faults.join("\n")).toContain(
      "comfymulti:usres: unknown setting; did you mean comfymulti:users?",
    );
    expect(faults.join("\n")).toContain("comfymlti:users: unknown namespace");
    expect(faults.join("\n")).toMatch(/comfymulti:workers: /);
    expect(faults.join("\n")).toMatch(
      /comfymulti:workerVersion: 9\.9\.9 is not .* use one of 0\.9\.2, 0\.11\.1/,
    );
  });

  it("refuse two services on one port", () => {
    const faults = faultsOf({ "comfymulti:workers": "3", "comfymulti:redisPort": "8632" });
    expect(faults).toEqual(["comfymulti:comfyuiPort: port 8632 is also comfymulti:redisPort's"]);
  });

  it("refuse a list that is none", () => {
    expect(faultsOf({ "comfymulti:comfyuiUrls": "http://x" })[0]).toMatch(
      /comfyuiUrls: must be JSON/,
    );
    expect(faultsOf({ "comfymulti:comfyuiUrls": '["ftp://x"]' })[0]).toMatch(/comfyuiUrls\.0/);
  });
});
