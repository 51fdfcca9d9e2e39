import { afterEach, describe, expect, it } from "vitest";
import { refusal, startClient, type Client } from "./test/client.ts";

let client: Client;
afterEach(() => client.simulator.close());

const PATH = "/container-deployments";
const SCALING = {
  min_replica_count: 1,
  max_replica_count: 2,
  scale_down_policy: { delay_seconds: 300 },
  scale_up_policy: { delay_seconds: 60 },
  queue_message_ttl_seconds: 3600,
  scaling_triggers: { queue_load: { threshold: 1 }, cpu_utilization: null },
};
const DEPLOYMENT = {
  name: "worker",
  compute: { name: "H100", size: 1 },
  container_registry_settings: { is_private: false, credentials: null },
  containers: [{ image: "docker.io/me/worker:1", exposed_port: 8188 }],
  scaling: SCALING,
};
const status = async () =>
  (await client.ask<{ status: string }>("GET", `${PATH}/worker/status`)).status;
const invalid = (message: string) => refusal(400, "invalid_request", message);

describe("a container deployment", () => {
  it("starts, pulls its image, is healthy, rolls out a change, and is gone after its end", async () => {
    client = await startClient();
    const made = await client.ask("POST", PATH, DEPLOYMENT);
    expect(made).toMatchObject({
      endpoint_base_url: "https://containers.datacrunch.io/worker",
      containers: [{ name: "worker-0", image: { image: "docker.io/me/worker:1" } }],
    });
    expect(made).not.toHaveProperty("scaling");
    const seen = [await status()];
    for (const seconds of [5, 30]) {
      client.pass(seconds);
      seen.push(await status());
    }
    await client.ask("PATCH", `${PATH}/worker`, {
      containers: [{ name: "worker-0", image: "docker.io/me/worker:2" }],
    });
    seen.push(await status());
    client.pass(5);
    seen.push(await status());
    await client.call("DELETE", `${PATH}/worker?timeout=0`);
    seen.push(await status());
    expect(seen).toEqual([
      "initializing",
      "image_pulling",
      "healthy",
      "updating",
      "healthy",
      "terminating",
    ]);
    client.pass(5);
    expect((await client.call("GET", `${PATH}/worker`)).status).toBe(404);
    expect(client.simulator.inventory()).toMatchObject({ deployments: [], billable: [] });
  });

  it("keeps what a change leaves out, and gives a complete scaling", async () => {
    client = await startClient();
    const env = [{ name: "LEVEL", value_or_reference_to_secret: "info", type: "plain" }];
    await client.ask("POST", PATH, {
      ...DEPLOYMENT,
      containers: [{ ...DEPLOYMENT.containers[0], env }],
    });
    const changed = await client.ask("PATCH", `${PATH}/worker`, {
      containers: [{ name: "worker-0", exposed_port: 80, env: null }],
    });
    expect(changed).toMatchObject({ containers: [{ exposed_port: 80, env }] });
    expect(await client.ask("PATCH", `${PATH}/worker/scaling`, { min_replica_count: 0 })).toEqual({
      ...SCALING,
      min_replica_count: 0,
      concurrent_requests_per_replica: 1,
      scaling_triggers: {
        queue_load: { threshold: 1 },
        cpu_utilization: { enabled: false, threshold: null },
        gpu_utilization: { enabled: false, threshold: null },
      },
    });
    expect(client.simulator.inventory().deployments[0]?.replicas).toBe(0);
  });

  it("is stuck in quota_reached until there is room, and unhealthy when told to", async () => {
    client = await startClient({ computeCapacity: { H100: 1 } });
    client.simulator.inject({ method: "POST", path: PATH, kind: "unhealthy" });
    const scaling = { ...SCALING, min_replica_count: 2 };
    await client.ask("POST", PATH, { ...DEPLOYMENT, scaling });
    expect(await status()).toBe("quota_reached");
    expect(client.simulator.inventory().billable).toEqual([]);
    await client.ask("PATCH", `${PATH}/worker/scaling`, { min_replica_count: 1 });
    client.pass(60);
    expect(await status()).toBe("unhealthy");
    const image = { containers: [{ name: "worker-0", image: "docker.io/me/worker:2" }] };
    await client.ask("PATCH", `${PATH}/worker`, image);
    client.pass(60);
    expect(await status()).toBe("healthy");
  });

  it.each<[string, object, string]>([
    ["an unknown compute", { compute: { name: "H999", size: 1 } }, "Invalid compute resource"],
    [
      "an unknown secret",
      {
        containers: [
          {
            image: "a:1",
            exposed_port: 1,
            env: [{ name: "A", value_or_reference_to_secret: "nobody", type: "secret" }],
          },
        ],
      },
      "Secret nobody not found",
    ],
    [
      "a scratch mount with a size",
      {
        containers: [
          {
            image: "a:1",
            exposed_port: 1,
            volume_mounts: [{ type: "scratch", mount_path: "/data", size_in_mb: 1 }],
          },
        ],
      },
      "property containers.0.volume_mounts.0.size_in_mb should not exist",
    ],
    [
      "a shared mount without a volume",
      {
        containers: [
          { image: "a:1", exposed_port: 1, volume_mounts: [{ type: "shared", mount_path: "/a" }] },
        ],
      },
      "containers.0.volume_mounts.0.volume_id should not be null or undefined",
    ],
    [
      "more replicas at least than at most",
      { scaling: { ...SCALING, min_replica_count: 3 } },
      "scaling.min_replica_count must not exceed max_replica_count",
    ],
  ])("with %s is refused", async (_title, wrong, message) => {
    client = await startClient();
    const answer = await client.call("POST", PATH, { ...DEPLOYMENT, ...wrong });
    expect(answer).toMatchObject(invalid(message));
  });

  it("refuses a change of a container without its name", async () => {
    client = await startClient();
    await client.ask("POST", PATH, DEPLOYMENT);
    const nameless = { containers: [{ image: "a:2" }] };
    expect(await client.call("PATCH", `${PATH}/worker`, nameless)).toMatchObject(
      invalid("containers.0.name should not be null or undefined"),
    );
  });
});

describe("a secret", () => {
  it("never shows its value, and goes while it is used only by force", async () => {
    client = await startClient();
    await client.call("POST", "/secrets", { name: "token", value: "hidden-value" });
    const env = [{ name: "TOKEN", value_or_reference_to_secret: "token", type: "secret" }];
    await client.ask("POST", PATH, {
      ...DEPLOYMENT,
      containers: [{ ...DEPLOYMENT.containers[0], env }],
    });
    expect((await client.call("GET", "/secrets")).text).not.toContain("hidden-value");
    expect(await client.call("DELETE", "/secrets/token?force=false")).toMatchObject(
      invalid("Secret is used by deployment worker"),
    );
    expect((await client.call("DELETE", "/secrets/token?force=true")).status).toBe(200);
    expect((await client.call("DELETE", "/secrets/token")).status).toBe(404);
    expect(JSON.stringify(client.simulator.events())).not.toContain("hidden-value");
  });
});
