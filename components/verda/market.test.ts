import { expect, test } from "vitest";
import { availability, prices } from "./market.ts";
import { simulate } from "./test/simulated.ts";

test("a type is available where there is capacity for it", async () => {
  const { client } = await simulate({
    capacity: { "FIN-01": { "1V100.6V": 0 }, "FIN-03": { "1V100.6V": 0 } },
  });
  expect(await availability(client, "1V100.6V")).toEqual(["FIN-02", "ICE-01"]);
  expect(await availability(client, "1V100.6V", { isSpot: true })).toEqual(["FIN-02", "ICE-01"]);
  expect(await availability(client, "9X.1V")).toEqual([]);
});

test("prices are numbers, of instances, storage and replicas", async () => {
  const { client } = await simulate();
  const { instances, volumes, containers } = await prices(client);
  const one = instances.find(({ instanceType }) => instanceType === "1H200.141S.44V");
  expect(one).toMatchObject({ gpus: 1, gpuMemory: 141, currency: "usd" });
  expect(one?.spotPerHour).toBeLessThan(one?.perHour ?? 0);
  const shared = volumes.find(({ type }) => type === "NVMe_Shared");
  expect(shared?.perHour).toBeCloseTo((shared?.perMonth ?? 0) / 730);
  expect(containers.find(({ model }) => model.includes("H200"))?.perHour).toBeGreaterThan(0);
});
