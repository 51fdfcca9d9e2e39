/**
 * Holds the simulator of Verda's API against a client that knows nothing of it: the official Python
 * SDK, which parses every answer by its own classes.
 */
import { startVerdaSimulator, type VerdaSimulator } from "@comfymulti/rehearsal/verda";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../tools/setup/command.mjs";
import { installSdk } from "./verda-sdk/install.ts";

const SECRET = "of-the-test";
const program = path.join(import.meta.dirname, "verda-sdk", "life.py");

const sdk = await installSdk();
if ("missing" in sdk) console.log(`The Verda SDK is not tried: ${sdk.missing}.`);

async function live(area: string, simulator: VerdaSimulator): Promise<Record<string, unknown>> {
  if ("missing" in sdk) throw new Error(sdk.missing);
  const { code, stdout, tail } = await run(sdk.python, [program, area, simulator.url], {
    env: { ...process.env, VERDA_CLIENT_SECRET: SECRET },
    timeoutSeconds: 120,
  });
  if (code !== 0) throw new Error(`The SDK gave up:\n${tail}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const start = (more: { speed?: number; tokenSeconds?: number }) =>
  startVerdaSimulator({
    clientId: "test-client",
    clientSecret: SECRET,
    // The SDK does not wait when it is told to slow down.
    rateLimit: false,
    ...more,
  });

describe.skipIf("missing" in sdk)("the official Python SDK", () => {
  let simulator: VerdaSimulator;
  beforeAll(async () => {
    simulator = await start({ speed: 100 });
  });
  afterAll(async () => {
    await (simulator as VerdaSimulator | undefined)?.close();
  });

  function expectNothingLeft(): void {
    const { billable, ...lists } = simulator.inventory();
    expect(billable).toEqual([]);
    expect(Object.values(lists).flat()).toEqual([]);
  }

  it("reads types, prices, images, places, availability and the balance", async () => {
    expect(await live("catalogue", simulator)).toMatchObject({
      gpus: 1,
      price: 0.6,
      spot: 0.3,
      euro: 0.5455,
      locations: ["FIN-01", "FIN-02", "FIN-03", "ICE-01"],
      volumeTypes: { NVMe: 0.2, NVMe_Shared: 0.2 },
      available: true,
      spotPlaces: ["FIN-01", "FIN-02", "FIN-03", "ICE-01"],
      periods: ["1_MONTH", "3_MONTHS", "6_MONTHS"],
      balance: 1000,
      currency: "usd",
      images: expect.arrayContaining(["ubuntu-24.04-cuda-12.8-open-docker"]) as unknown,
      containers: expect.arrayContaining(["H200"]) as unknown,
      compute: expect.arrayContaining(["General Compute", "H100", "H200"]) as unknown,
    });
  });

  it("adds, reads and removes keys and scripts", async () => {
    expect(await live("keys_and_scripts", simulator)).toEqual({
      key: expect.stringMatching(/^ssh-ed25519 \S+ me@here$/) as unknown,
      names: ["first", "second"],
      script: '#!/bin/sh\necho "ä"\n',
      scripts: ["setup"],
      unknown: { code: "not_found", message: "invalid ssh-key id" },
      left: 0,
    });
    expectNothingLeft();
  });

  it("takes an instance from its order over off and on to its end, with its disks", async () => {
    expect(await live("instance", simulator)).toEqual({
      hostname: "worker-1",
      location: "FIN-01",
      price: 0.6,
      systemDisk: true,
      target: "vdb",
      trash: ["system"],
      listed: [],
      ended: true,
      secondDelete: {
        code: "invalid_request",
        message: "Can't discontinue a discontinued instance",
      },
      unknownType: { code: "invalid_request", message: "Invalid instance type" },
      unknownPlace: { code: "invalid_request", message: "Invalid location code" },
      unknownKey: { code: "invalid_request", message: "invalid ssh-key id" },
      badStatus: { code: "invalid_request", message: expect.stringContaining("status") as unknown },
    });
    expectNothingLeft();
    expect(simulator.balance()).toBeLessThan(1000);
  });

  it("creates, shares, attaches, grows, copies, trashes and erases volumes", async () => {
    expect(await live("volumes", simulator)).toEqual({
      whileRunning: {
        code: "forbidden_action",
        message: "Instance must be shut down to attach a volume",
      },
      target: "vdb",
      mountCommand: expect.stringMatching(
        /^mount -t nfs -o nconnect=16 nfs\.fin-02\.datacrunch\.io:\/shared-\S+ \/mnt\/shared$/,
      ) as unknown,
      users: ["host"],
      grown: { name: "renamed", size: 80 },
      copy: { name: "copy", size: 80 },
      trash: ["OS-host", "renamed"],
      hdd: { code: "invalid_request", message: "HDD volumes can no longer be created" },
      leftInTrash: 0,
    });
    expectNothingLeft();
  });

  it("deploys, scales, changes, pauses and removes containers with secrets", async () => {
    expect(await live("containers", simulator)).toEqual({
      container: "comfyui-worker-0",
      endpoint: "https://containers.datacrunch.io/worker",
      mounts: ["MemoryMount", "SecretMount", "SharedFileSystemMount", "GeneralStorageMount"],
      replicas: 1,
      scaling: [0, 5],
      image: "ghcr.io/me/comfyui-worker:1.1",
      added: ["LEVEL", "TOKEN", "MORE"],
      left: ["LEVEL", "TOKEN"],
      paused: "paused",
      usedSecret: { code: "invalid_request", message: "Secret is used by deployment worker" },
      second: { code: "invalid_request", message: "Deployment worker already exists" },
      secrets: ["token"],
      files: ["files"],
      credentials: ["registry"],
      listed: ["worker"],
      gone: { code: "not_found", message: "Deployment not found" },
    });
    expectNothingLeft();
  });

  it("refreshes a token that has run out", async () => {
    const hasty = await start({ tokenSeconds: 1 });
    try {
      expect(await live("tokens", hasty)).toEqual({ refreshed: true });
      const asked = hasty.events().filter(({ message }) => message.includes("/oauth2/token"));
      expect(asked.map(({ message }) => message)).toEqual([
        "POST /oauth2/token 200",
        "POST /oauth2/token 200",
      ]);
    } finally {
      await hasty.close();
    }
  });

  it("is refused without the secret", async () => {
    const other = await startVerdaSimulator({ clientId: "test-client", clientSecret: "another" });
    try {
      await expect(live("tokens", other)).rejects.toThrow("Invalid client id or client secret");
    } finally {
      await other.close();
    }
  });
});
