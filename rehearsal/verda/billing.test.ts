import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { ORDER, refusal, startClient, type Client } from "./test/client.ts";
import { balanceAt, endMeter, setPrice } from "./world/billing.ts";
import { emptyState } from "./world/state.ts";

let client: Client | undefined;
afterEach(async () => {
  await client?.simulator.close();
  client = undefined;
});

const HOUR = 3600;

describe("the balance", () => {
  it("falls by an instance and its disk to the second, by on-demand and by spot price", async () => {
    for (const [is_spot, price] of [
      [false, 0.6],
      [true, 0.3],
    ] as const) {
      client = await startClient({ balance: 100 });
      await client.make("/instances", { ...ORDER, is_spot });
      client.pass(10 * HOUR);
      const disk = (0.2 * 50) / 730;
      expect(client.simulator.balance()).toBeCloseTo(100 - 10 * (price + disk), 9);
      expect(await client.ask("GET", "/balance")).toEqual({
        amount: Number((100 - 10 * (price + disk)).toFixed(6)),
        currency: "usd",
      });
      await client.simulator.close();
    }
  });

  it("goes on falling while an instance is off and a volume is in the trash, and not after", async () => {
    client = await startClient({ balance: 100 });
    const id = await client.make("/instances", ORDER);
    client.pass(60);
    await client.call("PUT", "/instances", { id, action: "shutdown" });
    client.pass(60);
    const prices = () => client?.simulator.inventory().billable.map(({ kind }) => kind);
    expect(prices()).toEqual(["instance", "volume"]);
    await client.call("PUT", "/instances", { id, action: "delete" });
    client.pass(60);
    expect(prices()).toEqual(["volume"]);
    client.pass(96 * HOUR);
    const left = client.simulator.balance();
    client.pass(1000 * HOUR);
    expect(client.simulator.balance()).toBe(left);
  });

  it("counts replicas in started steps of ten minutes", async () => {
    client = await startClient({ balance: 100 });
    await client.ask("POST", "/container-deployments", {
      name: "worker",
      is_spot: true,
      compute: { name: "H200", size: 1 },
      container_registry_settings: { is_private: false },
      containers: [{ image: "a:1", exposed_port: 80 }],
      scaling: {
        min_replica_count: 2,
        max_replica_count: 2,
        scale_down_policy: { delay_seconds: 1 },
        scale_up_policy: { delay_seconds: 1 },
        queue_message_ttl_seconds: 60,
        scaling_triggers: { queue_load: { threshold: 1 } },
      },
    });
    client.pass(11 * 60);
    const types = await client.ask<{ name: string; serverless_spot_price: string }[]>(
      "GET",
      "/container-types",
    );
    const price = Number(types.find(({ name }) => name === "H200")?.serverless_spot_price);
    expect(client.simulator.balance()).toBeCloseTo(100 - (2 * price * 20) / 60, 9);
  });

  it("that is used up refuses whatever costs more", async () => {
    client = await startClient({ balance: 0 });
    const poor = refusal(402, "insufficient_funds", "Insufficient funds");
    expect(await client.call("POST", "/instances", ORDER)).toMatchObject(poor);
    const volume = { type: "NVMe", name: "x", size: 1, location_code: "FIN-01" };
    expect(await client.call("POST", "/volumes", volume)).toMatchObject(poor);
  });

  it("does not depend on when it is looked at", () => {
    const changes = fc.array(fc.record({ at: fc.nat(100_000), price: fc.nat(20) }), {
      minLength: 1,
      maxLength: 10,
    });
    fc.assert(
      fc.property(changes, fc.array(fc.nat(100_000)), (list, looks) => {
        const ordered = list.toSorted((a, b) => a.at - b.at);
        const play = (look: boolean): number => {
          const state = emptyState(1000);
          for (const { at, price } of ordered) {
            if (look)
              for (const moment of looks.filter((one) => one < at)) balanceAt(state, moment);
            setPrice(state, at * 1000, { kind: "volume", id: "x", pricePerHour: price });
          }
          endMeter(state, 200_000_000, "volume", "x");
          return balanceAt(state, 300_000_000);
        };
        const spent = ordered.reduce(
          (sum, { at, price }, index) =>
            sum + (((ordered[index + 1]?.at ?? 200_000) - at) * price) / 3600,
          0,
        );
        expect(play(true)).toBe(play(false));
        expect(play(false)).toBeCloseTo(1000 - spent, 6);
      }),
    );
  });
});
