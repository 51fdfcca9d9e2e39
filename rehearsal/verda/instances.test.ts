import { afterEach, describe, expect, it } from "vitest";
import { ORDER, refusal, startClient, type Client } from "./test/client.ts";

let client: Client;
afterEach(() => client.simulator.close());

const invalid = (message: string) => refusal(400, "invalid_request", message);
const read = (id: string) => client.ask("GET", `/instances/${id}`);
const act = (body: object) => client.call("PUT", "/instances", body);

describe("an instance", () => {
  it("goes from ordered to running as time passes, and has its address a little later", async () => {
    client = await startClient();
    const id = await client.make("/instances", ORDER);
    expect(await read(id)).toMatchObject({ status: "ordered", ip: null, os_volume_id: null });
    const seen = [];
    for (const seconds of [3, 40, 5, 2]) {
      client.pass(seconds);
      const { status, ip } = await read(id);
      seen.push([status, ip !== null]);
    }
    expect(seen).toEqual([
      ["provisioning", false],
      ["validating", false],
      ["running", false],
      ["running", true],
    ]);
    const changes = client.simulator.events().filter(({ subject }) => subject === id);
    expect(changes.map(({ message }) => message).slice(0, 4)).toEqual([
      "worker-1: ordered, 1V100.6V in FIN-01",
      "worker-1: ordered → provisioning",
      "worker-1: provisioning → validating",
      "worker-1: validating → running",
    ]);
  });

  it("arrives by one jump where it arrives by many, with the times it would have had", async () => {
    client = await startClient();
    const id = await client.make("/instances", ORDER);
    const { created_at: created } = await read(id);
    client.pass(3600);
    expect(await read(id)).toMatchObject({ status: "running", ip: expect.any(String) as unknown });
    const running = client.simulator.events().find(({ message }) => message.includes("→ running"));
    expect(Date.parse(running?.at ?? "") - Date.parse(String(created))).toBe(48_000);
  });

  it("is refused where a location is full, and its type is not offered there any more", async () => {
    client = await startClient({ capacity: { "FIN-01": { "1V100.6V": 1 } } });
    await client.make("/instances", ORDER);
    expect(await client.call("POST", "/instances", ORDER)).toMatchObject(
      refusal(503, "service_unavailable", "No capacity available"),
    );
    expect(
      await client.ask("GET", "/instance-availability/1V100.6V?isSpot=true&location_code=FIN-01"),
    ).toBe(false);
    expect(await client.ask("GET", "/instance-availability/1V100.6V")).toBe(true);
    const places = await client.ask<{ location_code: string; availabilities: string[] }[]>(
      "GET",
      "/instance-availability?is_spot=false",
    );
    const having = places.filter(({ availabilities }) => availabilities.includes("1V100.6V"));
    expect(having.map(({ location_code }) => location_code)).toEqual([
      "FIN-02",
      "FIN-03",
      "ICE-01",
    ]);
  });

  it("ends in no_capacity or installation_failed when told to, with or without its disks", async () => {
    client = await startClient();
    for (const kind of ["no-capacity", "installation-failed"] as const) {
      client.simulator.inject({ method: "POST", path: "/instances", kind });
    }
    const none = await client.make("/instances", ORDER);
    const failed = await client.make("/instances", { ...ORDER, hostname: "worker-2" });
    client.pass(60);
    expect((await read(none))["status"]).toBe("no_capacity");
    expect((await read(failed))["status"]).toBe("installation_failed");
    const { volumes, billable } = client.simulator.inventory();
    expect(volumes.map(({ instance_ids }) => instance_ids)).toEqual([[failed]]);
    expect(billable.map(({ id }) => id).sort()).toEqual([failed, volumes[0]?.id].sort());
  });

  it("is refused beyond a quota", async () => {
    client = await startClient({ quota: { instances: 2, gpus: 2, storageGigabytes: 150 } });
    const big = { ...ORDER, instance_type: "4V100.20V" };
    expect(await client.call("POST", "/instances", big)).toMatchObject(
      invalid("GPU limit exceeded"),
    );
    const fat = { ...ORDER, os_volume: { name: "fat", size: 151 } };
    expect(await client.call("POST", "/instances", fat)).toMatchObject(
      invalid("Storage limit exceeded"),
    );
    for (const hostname of ["a", "b"]) await client.make("/instances", { ...ORDER, hostname });
    expect(await client.call("POST", "/instances", ORDER)).toMatchObject(
      invalid("Instance limit exceeded"),
    );
  });

  it("takes the nulls that official clients send, and refuses fields that nobody knows", async () => {
    client = await startClient();
    const nulls = { startup_script_id: null, os_volume: null, coupon: null, volumes: [] };
    await client.make("/instances", { ...ORDER, ...nulls, existing_volumes: [] });
    const bad = {
      ...ORDER,
      locationcode: "FIN-01",
      volumes: [{ name: "x", size: 1, kind: "NVMe" }],
    };
    expect(await client.call("POST", "/instances", bad)).toMatchObject(
      invalid(
        'volumes.0.type: Invalid option: expected one of "NVMe"|"NVMe_Shared"|"HDD", property volumes.0.kind should not exist, property locationcode should not exist',
      ),
    );
    const without = { ...ORDER, location_code: null };
    expect(await client.call("POST", "/instances", without)).toMatchObject(
      invalid("location_code should not be null or undefined"),
    );
  });
});

describe("an action", () => {
  it("answers 202, 204 when nothing is to do, 404 and 400 alone, and 207 among several", async () => {
    client = await startClient();
    const id = await client.make("/instances", ORDER);
    expect(await act({ id, action: "shutdown" })).toMatchObject(
      invalid("Can't shutdown a ordered instance"),
    );
    client.pass(60);
    expect((await act({ id: [id], action: "start" })).status).toBe(204);
    expect(await act({ id: "unknown", action: "start" })).toMatchObject(
      refusal(404, "not_found", "Invalid instance id"),
    );
    expect(await act({ id: [id, "unknown"], action: "shutdown", volume_ids: null })).toMatchObject({
      status: 207,
      json: [
        { instanceId: id, action: "shutdown", status: "success" },
        { instanceId: "unknown", status: "error", error: "Invalid instance id", statusCode: 404 },
      ],
    });
    client.pass(10);
    expect((await read(id))["status"]).toBe("offline");
    expect(await act({ id, action: "start" })).toMatchObject({
      status: 202,
      json: [{ instanceId: id, action: "start", status: "success" }],
    });
    client.pass(20);
    expect((await read(id))["status"]).toBe("running");
    expect((await act({ id, action: "restore" })).status).toBe(400);
  });

  it.each([
    ["without a list trashes the system disk", undefined, ["OS-worker-1"]],
    ["with an empty list keeps all disks", [], []],
    ["with a list trashes those", ["data"], ["data"]],
  ])("delete %s", async (_title, listed, trashed) => {
    client = await startClient();
    const id = await client.make("/instances", {
      ...ORDER,
      volumes: [{ name: "data", size: 10, type: "NVMe" }],
    });
    client.pass(60);
    const { volumes } = client.simulator.inventory();
    const idOf = (name: string) => volumes.find((one) => one.name === name)?.id;
    await act({ id, action: "delete", ...(listed && { volume_ids: listed.map(idOf) }) });
    client.pass(60);
    expect((await read(id))["status"]).toBe("discontinued");
    expect(await client.ask("GET", "/instances")).toEqual([]);
    const trash = await client.ask<{ name: string }[]>("GET", "/volumes/trash");
    expect(trash.map(({ name }) => name)).toEqual(trashed);
    const kept = await client.ask<{ name: string; status: string }[]>("GET", "/volumes");
    expect(kept.map(({ name }) => name).sort()).toEqual(
      ["OS-worker-1", "data"].filter((name) => !trashed.includes(name)).sort(),
    );
    expect(kept.every(({ status }) => status === "detached")).toBe(true);
  });

  it("starts an instance from the system disk of an ended one", async () => {
    client = await startClient();
    const id = await client.make("/instances", ORDER);
    client.pass(60);
    await act({ id, action: "delete", volume_ids: [] });
    expect((await act({ id, action: "delete" })).status).toBe(204);
    client.pass(60);
    const disk = client.simulator.inventory().volumes[0]?.id;
    const again = await client.make("/instances", { ...ORDER, image: disk });
    client.pass(60);
    expect(await read(again)).toMatchObject({ os_volume_id: disk, image: disk });
    expect(client.simulator.inventory().volumes).toHaveLength(1);
  });
});

describe("a spot instance", () => {
  it("is taken back at once, and its disks go as was agreed", async () => {
    client = await startClient();
    const disk = { size: 10, type: "NVMe" };
    const id = await client.make("/instances", {
      ...ORDER,
      is_spot: true,
      volumes: [
        { ...disk, name: "trashed", on_spot_discontinue: "move_to_trash" },
        { ...disk, name: "erased", on_spot_discontinue: "delete_permanently" },
      ],
    });
    client.pass(60);
    expect(await read(id)).toMatchObject({ contract: "SPOT", price_per_hour: 0.3 });
    client.simulator.evictSpot(id);
    expect((await read(id))["status"]).toBe("discontinued");
    client.pass(10);
    const { instances, volumes } = client.simulator.inventory();
    expect(instances).toEqual([]);
    expect(volumes.map(({ name, status }) => [name, status])).toEqual([
      ["OS-worker-1", "detached"],
      ["trashed", "deleted"],
    ]);
    expect(() => client.simulator.evictSpot(id)).toThrow("worker-1 has ended already");
  });

  it("alone may have its disks erased when it is taken back", async () => {
    client = await startClient();
    const os_volume = { name: "x", size: 50, on_spot_discontinue: "delete_permanently" };
    expect(await client.call("POST", "/instances", { ...ORDER, os_volume })).toMatchObject(
      invalid("on_spot_discontinue delete_permanently is only allowed for spot instances"),
    );
  });

  it("leaves its system disk when that deviation is on", async () => {
    client = await startClient({ deviations: { systemDiskOutlivesSpot: true } });
    const id = await client.make("/instances", { ...ORDER, is_spot: true });
    client.pass(60);
    await act({ id, action: "delete" });
    client.pass(60);
    expect(client.simulator.inventory().volumes.map(({ status }) => status)).toEqual(["detached"]);
  });
});

describe("tags", () => {
  it("are given, filtered by, and refused twice", async () => {
    client = await startClient();
    const id = await client.make("/instances", { ...ORDER, tags: [{ key: "stack", value: "a" }] });
    await client.make("/instances", { ...ORDER, hostname: "other" });
    const path = `/instances/${id}/tags`;
    expect((await client.call("POST", path, { key: "stack", value: "b" })).status).toBe(409);
    const tag = await client.ask<{ id: string }>("POST", path, { key: "more", value: "" });
    const listed = (query: string) => client.ask<{ id: string }[]>("GET", `/instances?${query}`);
    expect((await listed("tag=stack=a&tag=more")).map((one) => one.id)).toEqual([id]);
    expect(await listed("tag=stack=b")).toEqual([]);
    expect((await client.call("DELETE", `${path}/${tag.id}`)).status).toBe(204);
    expect(await listed("tag=more")).toEqual([]);
  });
});
