import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Prices } from "../../components/verda/index.ts";
import { forecast, hoursUntil } from "./forecast.ts";
import { forecastText } from "./forecast-text.ts";
import type { StackResource } from "./resources.ts";
import type { CostSettings } from "./settings.ts";

const prices: Prices = {
  instances: [
    {
      ...{ instanceType: "1H100.80S.30V", name: "H100", gpus: 1, gpuMemory: 80, memory: 120 },
      ...{ perHour: 3, spotPerHour: 1.5, currency: "eur" },
    },
  ],
  volumes: [
    { type: "NVMe", perMonth: 0.73, perHour: 0.001, currency: "eur" },
    { type: "NVMe_Shared", perMonth: 0.73, perHour: 0.001, currency: "eur" },
  ],
  containers: [{ model: "H200", name: "H200", perHour: 4, spotPerHour: 2, currency: "eur" }],
};

const settings: CostSettings = {
  ...{ users: 20, vatPercent: 0, budget: undefined, endsAt: undefined, hasAppServer: false },
  ...{ budgetAction: "drain", exchangeRates: {}, otherCosts: [], vaultGb: undefined },
};

function resource(
  type: string,
  inputs: Record<string, unknown>,
  more: Partial<StackResource> = {},
): StackResource {
  return {
    ...{ urn: `urn::${type}::it`, type, name: "it", id: "", isProtected: false, outputs: {} },
    inputs,
    ...more,
  };
}

const machine = (inputs: Record<string, unknown> = {}) =>
  resource("verda:index:Instance", {
    instanceType: "1H100.80S.30V",
    osVolume: { name: "os", size: 100 },
    ...inputs,
  });
const disk = (inputs: Record<string, unknown> = {}, more: Partial<StackResource> = {}) =>
  resource("verda:index:Volume", { type: "NVMe", size: 100, ...inputs }, more);
const deployment = (least: number, most: number) =>
  resource("verda:index:ContainerDeployment", {
    compute: { name: "H200", size: 2 },
    scaling: { minReplicaCount: least, maxReplicaCount: most },
  });

const total = (resources: readonly StackResource[], hours = 10, own = settings) =>
  forecast(resources, prices, { settings: own, hours }).total;

describe("a machine", () => {
  test("costs its price and its system disk's for each hour, and nothing else", () => {
    expect(total([machine()])).toEqual({ EUR: { low: 31, high: 31 } });
  });

  test("at the spot price costs more when it is taken back and leaves its disks", () => {
    const { EUR } = total([machine({ isSpot: true })]);
    expect(EUR?.low).toBeCloseTo(16);
    expect(EUR?.high).toBeCloseTo(18);
  });

  test("has the provider's default disk where the program names none", () => {
    const { EUR } = total([machine({ osVolume: undefined })]);
    expect(EUR).toEqual({ low: 31, high: 31 });
  });

  test("that Verda has no price for is told, not left out in silence", () => {
    const { lines, notCounted } = forecast([machine({ instanceType: "9X" })], prices, {
      ...{ settings, hours: 1 },
    });
    expect(lines.map(({ what }) => what)).toEqual(["NVMe disks"]);
    expect(notCounted).toEqual(["9X: it is not in Verda's price list."]);
  });

  test("whose type is only known when it is made is told", () => {
    const { notCounted } = forecast([machine({ instanceType: undefined })], prices, {
      ...{ settings, hours: 1 },
    });
    expect(notCounted).toEqual(["it: what it will be is known only when it is made."]);
  });
});

describe("storage", () => {
  test("lies in the trash for 96 hours, billed, unless it is erased", () => {
    const kept = total([disk()]).EUR;
    expect(kept?.low).toBeCloseTo(1);
    expect(kept?.high).toBeCloseTo(1 + 9.6);
    expect(total([disk({ purge: true })])).toEqual({ EUR: { low: 1, high: 1 } });
  });

  test("that no update deletes goes on costing after the end, and that is said", () => {
    const expected = forecast([disk({}, { isProtected: true })], prices, { settings, hours: 10 });
    expect(expected.total).toEqual({ EUR: { low: 1, high: 1 } });
    expect(expected.stays).toEqual([{ what: "100 GB NVMe", perMonth: 73, currency: "EUR" }]);
    expect(forecastText(expected, "10 hours")).toContain(
      "Stays after the end: 100 GB NVMe, 73.00 EUR a month.",
    );
  });

  test("in buckets costs what the dated table says, and the first 10 GB may be free", () => {
    const bucket = resource("cloudflare:index/r2Bucket:R2Bucket", {});
    const { USD } = total([bucket, bucket], 730, { ...settings, vaultGb: 110 });
    expect(USD?.low).toBeCloseTo(1.5);
    expect(USD?.high).toBeCloseTo(1.65);
  });
});

describe("serverless workers", () => {
  test("cost from those that always run to all of them all the time", () => {
    expect(total([deployment(1, 3)])).toEqual({ EUR: { low: 80, high: 240 } });
    expect(total([deployment(0, 3)]).EUR?.low).toBe(0);
  });

  test("are billed by started steps of ten minutes", () => {
    const { EUR } = total([deployment(1, 1)], 0.01);
    expect(EUR?.low).toBeCloseTo(8 / 6);
  });
});

describe("the sum", () => {
  test("has the tax on Verda's prices alone, and is shared by the participants", () => {
    const own: CostSettings = {
      ...settings,
      vatPercent: 20,
      otherCosts: [{ name: "VPS", amount: 7.3, currency: "EUR", per: "month" }],
    };
    const { total, perParticipant } = forecast([machine()], prices, { settings: own, hours: 10 });
    expect(total.EUR?.high).toBeCloseTo(31 * 1.2 + 0.1);
    expect(perParticipant.EUR?.high).toBeCloseTo((31 * 1.2 + 0.1) / 20);
  });

  test("never adds two currencies", () => {
    const own: CostSettings = {
      ...settings,
      otherCosts: [{ name: "VPS", amount: 1, currency: "USD", per: "hour" }],
    };
    expect(total([machine()], 10, own)).toEqual({
      EUR: { low: 31, high: 31 },
      USD: { low: 10, high: 10 },
    });
  });

  test("says what it lacks: a machine that is rented by hand", () => {
    const { notCounted } = forecast([], prices, {
      ...{ settings: { ...settings, hasAppServer: true }, hours: 1 },
    });
    expect(notCounted).toEqual([
      "The app server's machine: comfymulti:otherCosts says what it costs.",
    ]);
  });

  test("of nothing says that nothing is rented", () => {
    expect(forecastText(forecast([], prices, { settings, hours: 1 }), "1 hour")).toBe(
      "Nothing of this stack is rented: it costs nothing.",
    );
  });

  test("grows with the hours, and its low end is never above its high end", () => {
    const things = fc.constantFrom(
      machine(),
      machine({ isSpot: true }),
      disk(),
      disk({ purge: true }),
      deployment(0, 2),
      deployment(1, 4),
    );
    const hours = fc.double({ min: 0, max: 1000, noNaN: true });
    fc.assert(
      fc.property(fc.array(things, { minLength: 1 }), hours, hours, (resources, one, more) => {
        const short = total(resources, one).EUR;
        const long = total(resources, one + more).EUR;
        expect(short?.low).toBeLessThanOrEqual((short?.high ?? 0) + 1e-9);
        expect(long?.low).toBeGreaterThanOrEqual((short?.low ?? 0) - 1e-9);
        expect(long?.high).toBeGreaterThanOrEqual((short?.high ?? 0) - 1e-9);
      }),
    );
  });
});

test("hours until the end are counted from now, and none are left after it", () => {
  const now = new Date("2026-03-01T10:00:00Z");
  expect(hoursUntil("2026-03-01T18:30:00Z", now)).toBe(8.5);
  expect(hoursUntil("2026-03-01T11:00:00+02:00", now)).toBe(0);
  expect(hoursUntil(undefined, now)).toBeUndefined();
});
