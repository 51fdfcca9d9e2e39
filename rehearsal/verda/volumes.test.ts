import { afterEach, describe, expect, it } from "vitest";
import { ORDER, refusal, startClient, type Client } from "./test/client.ts";

let client: Client;
afterEach(() => client.simulator.close());

const VOLUME = { type: "NVMe", name: "data", size: 50, location_code: "FIN-01" };
const read = (id: string) => client.ask("GET", `/volumes/${id}`);
const act = (body: object) => client.call("PUT", "/volumes", body);

describe("a volume", () => {
  it("lies in the trash for 96 hours, can be restored until then, and is erased after", async () => {
    client = await startClient();
    const id = await client.make("/volumes", VOLUME);
    client.pass(5);
    expect((await client.call("DELETE", `/volumes/${id}`)).status).toBe(202);
    client.pass(5);
    expect(await read(id)).toMatchObject({ status: "deleted", is_permanently_deleted: false });
    expect((await client.call("DELETE", `/volumes/${id}`)).status).toBe(204);
    expect((await act({ id, action: "restore" })).status).toBe(202);
    client.pass(5);
    expect(await read(id)).toMatchObject({ status: "detached" });
    await client.call("DELETE", `/volumes/${id}`, { is_permanent: false });
    client.pass(95.9 * 3600);
    expect(client.simulator.inventory().billable).toHaveLength(1);
    client.pass(0.2 * 3600);
    expect(await read(id)).toMatchObject({ status: "deleted", is_permanently_deleted: true });
    expect(client.simulator.inventory()).toMatchObject({ volumes: [], billable: [] });
    expect(await act({ id, action: "restore" })).toMatchObject(
      refusal(400, "invalid_request", "Volume is permanently deleted"),
    );
  });

  it("is never made smaller, never HDD, never in an unknown place", async () => {
    client = await startClient();
    const id = await client.make("/volumes", VOLUME);
    client.pass(5);
    expect(await act({ id, action: "resize", size: 50 })).toMatchObject(
      refusal(400, "invalid_request", "New size must be larger than the current size"),
    );
    for (const wrong of [{ type: "HDD" }, { location_code: "X" }, { size: 0 }, { colour: "red" }]) {
      expect((await client.call("POST", "/volumes", { ...VOLUME, ...wrong })).status).toBe(400);
    }
  });

  it("is attached to a running instance only when that deviation is on", async () => {
    for (const attachWhileRunning of [false, true]) {
      client = await startClient({ deviations: { attachWhileRunning } });
      const instance = await client.make("/instances", ORDER);
      const id = await client.make("/volumes", VOLUME);
      client.pass(60);
      const { status } = await act({ id, action: "attach", instance_id: instance });
      expect(status).toBe(attachWhileRunning ? 202 : 403);
      if (!attachWhileRunning) await client.simulator.close();
    }
  });
});

describe("a shared filesystem", () => {
  it("is shared with several running instances, and taken from one of them", async () => {
    client = await startClient();
    const shared = await client.make("/volumes", { ...VOLUME, type: "NVMe_Shared" });
    client.pass(5);
    const first = await client.make("/instances", { ...ORDER, existing_volumes: [shared] });
    const second = await client.make("/instances", { ...ORDER, hostname: "worker-2" });
    client.pass(60);
    await act({ id: [shared], action: "attach", instance_ids: [second] });
    client.pass(5);
    expect(await read(shared)).toMatchObject({
      status: "attached",
      instances: [{ id: first }, { id: second }],
    });
    await client.call("PUT", "/instances", { id: first, action: "delete" });
    client.pass(10);
    expect(await read(shared)).toMatchObject({ status: "attached", instances: [{ id: second }] });
    await act({ id: shared, action: "detach", instance_id: second });
    client.pass(5);
    expect(await read(shared)).toMatchObject({ status: "created", instances: [] });
  });

  it("of another location is refused", async () => {
    client = await startClient();
    const shared = await client.make("/volumes", {
      ...VOLUME,
      type: "NVMe_Shared",
      location_code: "FIN-02",
    });
    client.pass(5);
    const order = { ...ORDER, existing_volumes: [shared] };
    expect(await client.call("POST", "/instances", order)).toMatchObject(
      refusal(400, "invalid_request", "Volume and instance are in different locations"),
    );
  });
});
