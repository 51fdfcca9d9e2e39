import { describe, expect, it } from "vitest";
import { formatBytes, formatSeconds, formatTable } from "../src/models/format.ts";
import { TransferMeter } from "../src/models/transfer-meter.ts";
import type { TransferEvent } from "../src/models/transfer-meter.ts";

describe("the output of the models commands", () => {
  it("gives sizes in the unit that suits them", () => {
    expect([0, 999, 1000, 999_949, 999_951, 27_078_716_018].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "999.9 kB",
      "1.0 MB",
      "27.1 GB",
    ]);
  });

  it("gives times with hours only when there are some", () => {
    expect([0, 59.2, 60, 3599, 3661].map(formatSeconds)).toEqual([
      "0:00",
      "1:00",
      "1:00",
      "59:59",
      "1:01:01",
    ]);
  });

  it("aligns the columns of a table", () => {
    expect(formatTable(["a", "size"], [["longer", "1"]])).toBe(
      "a       size\n──────  ────\nlonger  1",
    );
  });

  it("counts what an earlier run left as done, and takes back what is thrown away", () => {
    const events: TransferEvent[] = [];
    const meter = new TransferMeter({ files: 2, total: 1000, there: 400 }, 60_000, (event) =>
      events.push(event),
    );
    const first = meter.onBytesOf("a");
    const second = meter.onBytesOf("b");
    for (const bytes of [400, 100, -500, 300]) first(bytes);
    for (const bytes of [0, 500]) second(bytes);
    meter.stop();
    expect(events.map((event) => ("bytesDone" in event ? event.bytesDone : event))).toEqual([
      { event: "begun", files: 2, bytesTotal: 1000, bytesThere: 400 },
      800,
    ]);
  });
});
