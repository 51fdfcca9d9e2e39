/** What goes wrong while an instance is made, runs and ends, against the simulator. */
import { describe, expect, test } from "vitest";
import { PartialFailure } from "../../provider-plugin/resource-type.ts";
import { instanceInputs } from "../schemas/instance.ts";
import type { InstanceInputs } from "../schemas/instance.ts";
import { volumeInputs } from "../schemas/volume.ts";
import { simulate } from "../test/simulated.ts";
import type { Simulated } from "../test/simulated.ts";
import { instanceType } from "./instance-type.ts";
import { volumeType } from "./volume-type.ts";

const TYPE = "1V100.6V";

async function declared(
  simulated: Simulated,
  change: Partial<InstanceInputs> = {},
): Promise<InstanceInputs> {
  return instanceInputs.parse({
    hostname: "worker-1",
    instanceType: TYPE,
    image: "ubuntu-24.04",
    locationCodes: ["FIN-01"],
    sshKeyIds: [await simulated.key()],
    volumes: [{ name: "scratch", size: 100 }],
    ...change,
  });
}

/** Volumes that are there, by name without tag and by whether they lie in the trash. */
function volumesIn({ simulator }: Simulated): string[] {
  return simulator
    .inventory()
    .volumes.map(({ name, inTrash }) => `${name.split("-cm-")[0]}${inTrash ? " (trash)" : ""}`)
    .sort();
}

function expectNothing({ simulator }: Simulated): void {
  expect(simulator.inventory()).toMatchObject({ instances: [], volumes: [], billable: [] });
}

describe("an instance is made", () => {
  test("at the first of its locations that has capacity, and the state says where", async () => {
    const simulated = await simulate({ capacity: { "FIN-01": { [TYPE]: 0 } } });
    const type = instanceType(simulated.connect);
    const inputs = await declared(simulated, { locationCodes: ["FIN-01", "ICE-01", "FIN-03"] });
    const { state } = await type.create(inputs, simulated.operation("worker"));
    expect(state).toMatchObject({ locationCode: "ICE-01", status: "running" });
    expect(state.volumeIds).toHaveLength(1);
    expect(state.ip).toMatch(/^\d/);
  });

  test("elsewhere, when the first location is full only once it is ordered there", async () => {
    const simulated = await simulate();
    simulated.simulator.inject({ method: "POST", path: "/instances", kind: "no-capacity" });
    const type = instanceType(simulated.connect);
    const inputs = await declared(simulated, { locationCodes: ["FIN-01", "FIN-02"] });
    const { state } = await type.create(inputs, simulated.operation("worker"));
    expect(state.locationCode).toBe("FIN-02");
    expect(simulated.told).toContain("no capacity in FIN-01");
    expect(simulated.simulator.inventory().instances).toHaveLength(1);
    expect(volumesIn(simulated)).toEqual(["os", "scratch"]);
  });

  test("nowhere, when no location has capacity, with the places that have", async () => {
    const simulated = await simulate({ capacity: { "FIN-01": { [TYPE]: 0 } } });
    const create = instanceType(simulated.connect).create(
      await declared(simulated),
      simulated.operation("worker"),
    );
    await expect(create).rejects.toThrow(
      "no capacity for 1V100.6V in FIN-01; it can be had in FIN-02, FIN-03, ICE-01",
    );
    expectNothing(simulated);
  });

  test.each([
    "time-out-after-effect",
    "reset-after-effect",
    "error-after-effect",
    "error-503",
  ] as const)("once, when the order ends with %s", async (kind) => {
    const simulated = await simulate();
    simulated.simulator.inject({ method: "POST", path: "/instances", kind, delayMs: 2_000 });
    const type = instanceType(simulated.connect);
    const inputs = await declared(simulated);
    const { id, state } = await type.create(inputs, simulated.operation("worker"));
    expect(state.status).toBe("running");
    expect(simulated.simulator.inventory().instances.map((one) => one.id)).toEqual([id]);
    expect(volumesIn(simulated)).toEqual(["os", "scratch"]);
  });

  test.each(["installation-failed", "error-status"] as const)(
    "or, when it ends with %s, removed again with its disks",
    async (kind) => {
      const simulated = await simulate();
      simulated.simulator.inject({ method: "POST", path: "/instances", kind });
      const create = instanceType(simulated.connect).create(
        await declared(simulated),
        simulated.operation("worker"),
      );
      await expect(create).rejects.toThrow(
        /instance worker-1 does not run: .*; it was removed again/,
      );
      expectNothing(simulated);
    },
  );

  test("or given up after its time, and removed with its disks", async () => {
    const simulated = await simulate({ durations: { provisioning: 80_000 } });
    const create = instanceType(simulated.connect).create(
      await declared(simulated, { timeoutSeconds: 1 }),
      simulated.operation("worker"),
    );
    await expect(create).rejects.toThrow(
      "instance worker-1 did not run within 1 s; the last status was provisioning; it was removed again",
    );
    expectNothing(simulated);
  });

  test("or kept in the state, when the update is cancelled meanwhile", async () => {
    const simulated = await simulate({ durations: { provisioning: 80_000 } });
    const type = instanceType(simulated.connect);
    const create = type.create(await declared(simulated), simulated.operation("worker"));
    await expect.poll(() => simulated.simulator.inventory().instances.length).toBe(1);
    simulated.cancel();
    const failure = await create.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PartialFailure);
    expect(failure).toMatchObject({ id: simulated.simulator.inventory().instances[0]?.id });
  });

  test("not at all, when one that was left behind is not as declared", async () => {
    const simulated = await simulate();
    const type = instanceType(simulated.connect);
    const inputs = await declared(simulated);
    await type.create(inputs, simulated.operation("worker"));
    const other = { ...inputs, instanceType: "2V100.10V" };
    await expect(type.create(other, simulated.operation("worker"))).rejects.toThrow(
      "was left by an earlier update and is not as worker-1 is declared now",
    );
    expect(simulated.simulator.inventory().instances).toHaveLength(1);
  });

  test("beside others that attach the same filesystem at the same time", async () => {
    const simulated = await simulate();
    const filesystem = await volumeType(simulated.connect).create(
      volumeInputs.parse({
        name: "models",
        type: "NVMe_Shared",
        size: 200,
        locationCode: "FIN-01",
      }),
      simulated.operation("models"),
    );
    const type = instanceType(simulated.connect);
    const inputs = await declared(simulated, { existingVolumeIds: [filesystem.id] });
    const made = await Promise.all(
      ["worker-1", "worker-2", "worker-3"].map((hostname) =>
        type.create({ ...inputs, hostname }, simulated.operation(hostname)),
      ),
    );
    const { instances } = await simulated.client.volume(filesystem.id);
    expect(instances.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
  });
});

describe("a spot instance that is taken back", () => {
  test("is gone at the next look, and leaves no disk behind", async () => {
    const simulated = await simulate();
    const type = instanceType(simulated.connect);
    const inputs = await declared(simulated, { isSpot: true });
    const { id, state } = await type.create(inputs, simulated.operation("worker"));
    simulated.simulator.evictSpot(id);
    expect(await type.read(state, simulated.operation("worker", id))).toBeUndefined();
    await expect.poll(() => simulated.simulator.inventory().billable).toEqual([]);
    const again = await type.create(inputs, simulated.operation("worker"));
    expect(again.id).not.toBe(id);
    expect(volumesIn(simulated)).toEqual(["os", "scratch"]);
  });
});

describe("a deletion", () => {
  test("keeps the disks that are to be kept, and puts the others in the trash when told so", async () => {
    const simulated = await simulate();
    const type = instanceType(simulated.connect);
    const inputs = await declared(simulated, {
      volumes: [
        { name: "scratch", size: 100, keep: false, type: "NVMe" },
        { name: "results", size: 50, keep: true, type: "NVMe" },
      ],
      purgeVolumes: false,
    });
    const { id, state } = await type.create(inputs, simulated.operation("worker"));
    await type.delete(state, simulated.operation("worker", id));
    expect(volumesIn(simulated)).toEqual(["os (trash)", "results", "scratch (trash)"]);
  });

  test("verifies the end of the system's disk even where Verda leaves it", async () => {
    const simulated = await simulate({ deviations: { systemDiskOutlivesSpot: true } });
    const type = instanceType(simulated.connect);
    const inputs = await declared(simulated, { isSpot: true });
    const { id, state } = await type.create(inputs, simulated.operation("worker"));
    await type.delete(state, simulated.operation("worker", id));
    expectNothing(simulated);
  });

  test("of what is gone already is none, and may be repeated", async () => {
    const simulated = await simulate();
    const type = instanceType(simulated.connect);
    const { id, state } = await type.create(
      await declared(simulated),
      simulated.operation("worker"),
    );
    await type.delete(state, simulated.operation("worker", id));
    await type.delete(state, simulated.operation("worker", id));
    simulated.simulator.inject({
      method: "GET",
      path: `/instances/${id}`,
      kind: "not-found-after-delete",
      times: 10,
    });
    await type.delete(state, simulated.operation("worker", id));
    expectNothing(simulated);
  });

  test("goes through although its answer is lost", async () => {
    const simulated = await simulate();
    const type = instanceType(simulated.connect);
    const { id, state } = await type.create(
      await declared(simulated),
      simulated.operation("worker"),
    );
    simulated.simulator.inject({ method: "PUT", path: "/instances", kind: "reset-after-effect" });
    await type.delete(state, simulated.operation("worker", id));
    expectNothing(simulated);
  });
});

test("a disk is attached to an instance that is shut down for it and runs again", async () => {
  const simulated = await simulate();
  const disk = await volumeType(simulated.connect).create(
    volumeInputs.parse({ name: "data", type: "NVMe", size: 20, locationCode: "FIN-01" }),
    simulated.operation("data"),
  );
  const type = instanceType(simulated.connect);
  const inputs = await declared(simulated);
  const { id, state } = await type.create(inputs, simulated.operation("worker"));
  const next = { ...inputs, existingVolumeIds: [disk.id] };
  const updated = await type.update?.(state, next, simulated.operation("worker", id));
  expect(updated).toMatchObject({ status: "running", existingVolumeIds: [disk.id] });
  expect(updated?.volumeIds).toEqual(state.volumeIds);
  expect(simulated.told).toContainEqual(expect.stringContaining("shutting down to attach data"));
});

test("a volume in another place is refused in a sentence", async () => {
  const simulated = await simulate();
  const disk = await volumeType(simulated.connect).create(
    volumeInputs.parse({ name: "data", type: "NVMe", size: 20, locationCode: "FIN-02" }),
    simulated.operation("data"),
  );
  const inputs = await declared(simulated, { existingVolumeIds: [disk.id] });
  const create = instanceType(simulated.connect).create(inputs, simulated.operation("worker"));
  await expect(create).rejects.toThrow("existingVolumeIds: the volumes are in FIN-02");
});
