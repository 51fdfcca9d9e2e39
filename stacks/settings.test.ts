import { describe, expect, it } from "vitest";
import { frontendPlans, workerPlans } from "./plans.ts";
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
    expect(parseSettings("berlin", { "comfymulti:kind": "local" }).kind).toBe("local");
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

  it("name participants who are there, and leave somebody", () => {
    const settings = parseSettings("local", {
      "comfymulti:removedUsers": '["user002"]',
      "comfymulti:linkGenerations": '{"user003": 2}',
    });
    expect(frontendPlans(settings).map(({ user }) => user)).toEqual([
      ...["user001", "user003", "user004"],
    ]);
    expect(
      faultsOf({
        "comfymulti:users": "1",
        "comfymulti:removedUsers": '["user001"]',
        "comfymulti:revokedUsers": '["user002"]',
        "comfymulti:linkGenerations": '{"user003": 2}',
      }),
    ).toEqual([
      "comfymulti:revokedUsers: there is no user002, for there are 1 participants",
      "comfymulti:linkGenerations: there is no user003, for there are 1 participants",
      "comfymulti:removedUsers: somebody has to be left",
    ]);
  });

  it("refuse a list that is none", () => {
    expect(faultsOf({ "comfymulti:comfyuiUrls": "http://x" })[0]).toMatch(
      /comfyuiUrls: must be JSON/,
    );
    expect(faultsOf({ "comfymulti:comfyuiUrls": '["ftp://x"]' })[0]).toMatch(/comfyuiUrls\.0/);
  });

  it("give each participant and worker what the nearest setting says", () => {
    const settings = parseSettings("local", {
      "comfymulti:users": "5",
      "comfymulti:workers": "2",
      "comfymulti:frontendVersion": "0.9.2",
      "comfymulti:workerVersion": "0.9.2",
      "comfymulti:frontends": '{"user004-user005": {"version": "0.11.1"}, "user005": {}}',
      "comfymulti:workerVersions": '{"worker-1": "0.11.1"}',
    });
    expect(frontendPlans(settings).map(({ version }) => version)).toEqual([
      "0.9.2",
      "0.9.2",
      "0.9.2",
      "0.11.1",
      "0.11.1",
    ]);
    expect(workerPlans(settings)).toEqual([
      { name: "worker-1", version: "0.11.1" },
      { name: "worker-2", version: "0.9.2" },
    ]);
  });

  it("refuse a participant, a worker or a cloud that is not there", () => {
    const faults = faultsOf({
      "comfymulti:frontends": '{"user019-user020": {"version": "0.9.2"}}',
      "comfymulti:workerVersions": '{"worker-3": "0.9.2"}',
      "comfymulti:vaultOf": "workshop",
      "comfymulti:frontendEngine": "comfyui",
    });
    expect(faults).toEqual([
      "comfymulti:frontends.user019-user020: there are 4 participants",
      "comfymulti:workerVersions.worker-3: there are 1 workers",
      "comfymulti:vaultOf: means nothing to a stack on this machine",
      "comfymulti:frontendEngine: a stack on this machine has the light editor only",
    ]);
  });

  it("of a stack in the cloud name all that it still needs", () => {
    const faults = faultsOf({ "comfymulti:kind": "workshop" });
    expect(faults.map((fault) => fault.split(":")[1])).toEqual([
      "appServer",
      "domain",
      "tailnet",
      "images",
      "sshPublicKey",
      "certificates",
      "backupPassword",
      "vault",
    ]);
  });
});
