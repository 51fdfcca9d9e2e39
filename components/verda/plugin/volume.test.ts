/** What goes wrong while a volume is made, grows and ends, against the simulator. */
import { describe, expect, test } from "vitest";
import { volumeInputs } from "../schemas/volume.ts";
import { simulate } from "../test/simulated.ts";
import { volumeType } from "./volume-type.ts";

const inputs = volumeInputs.parse({
  name: "models",
  type: "NVMe_Shared",
  size: 200,
  locationCode: "FIN-01",
});

describe("a volume is made", () => {
  test.each(["time-out-after-effect", "error-after-effect", "reset"] as const)(
    "once, when the order ends with %s",
    async (kind) => {
      const simulated = await simulate();
      simulated.simulator.inject({ method: "POST", path: "/volumes", kind, delayMs: 2_000 });
      const type = volumeType(simulated.connect);
      const { id, state } = await type.create(inputs, simulated.operation("models"));
      expect(state.fullName).toMatch(/^models-cm-/);
      expect(simulated.simulator.inventory().volumes).toMatchObject([{ id, size: 200 }]);
    },
  );

  test("from what a create before it left, which grows to the declared size", async () => {
    const simulated = await simulate();
    const type = volumeType(simulated.connect);
    const left = await type.create(inputs, simulated.operation("models"));
    const larger = { ...inputs, size: 300 };
    const { id, state } = await type.create(larger, simulated.operation("models"));
    expect({ id, size: state.size }).toEqual({ id: left.id, size: 300 });
  });

  test("not from one that was left in another place", async () => {
    const simulated = await simulate();
    const type = volumeType(simulated.connect);
    await type.create(inputs, simulated.operation("models"));
    const elsewhere = { ...inputs, locationCode: "FIN-02" };
    await expect(type.create(elsewhere, simulated.operation("models"))).rejects.toThrow(
      "was left by an earlier update as NVMe_Shared in FIN-01",
    );
    expect(simulated.simulator.inventory().volumes).toHaveLength(1);
  });

  test("or given up after its time, and deleted again", async () => {
    const simulated = await simulate({ durations: { volume: 300 } });
    const create = volumeType(simulated.connect).create(
      { ...inputs, timeoutSeconds: 1 },
      simulated.operation("models"),
    );
    await expect(create).rejects.toThrow("was not ready within 1 s; it was deleted again");
    expect(simulated.simulator.inventory().volumes).toEqual([]);
  });
});

test.each([
  [true, 0],
  [false, 1],
])("a volume deleted with purge: %s leaves %i in the trash", async (purge, inTrash) => {
  const simulated = await simulate();
  const type = volumeType(simulated.connect);
  const { id, state } = await type.create({ ...inputs, purge }, simulated.operation("models"));
  await type.delete(state, simulated.operation("models", id));
  const left = simulated.simulator.inventory().volumes.filter((volume) => volume.inTrash);
  expect(left).toHaveLength(inTrash);
  expect(await type.read(state, simulated.operation("models", id))).toBeUndefined();
});

test("a new HDD volume is refused, and one that exists stays", async () => {
  const { connect } = await simulate();
  const disk = { ...inputs, type: "HDD" as const };
  const { check } = volumeType(connect);
  expect(await check?.(disk, undefined)).toMatchObject([{ property: "type" }]);
  expect(await check?.(disk, disk)).toEqual([]);
  expect(await check?.({ ...disk, size: 300 }, disk)).toMatchObject([{ property: "size" }]);
});
