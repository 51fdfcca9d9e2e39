/** What calls for a rollback, and what does not. */
import { describe, expect, test } from "vitest";
import { judge, percentile95, type Sample } from "./judge.ts";
import { defaultLimits, type Limits } from "./limits.ts";

const well: Sample = {
  at: 0,
  pending: 3,
  completed: 20,
  failed: 0,
  lostAttempts: 0,
  restarts: { "queue-manager": 0 },
  unhealthy: [],
  workers: [{ name: "worker-1", lost: false, vramShare: 0.6, lateSeconds: -9 }],
  editorSeconds: [0.05],
};
const worker = (own: Partial<Sample["workers"][number]>) => ({
  workers: [{ name: "worker-1", lost: false, vramShare: 0.6, lateSeconds: -9, ...own }],
});
/** A look a second, all with the same in them. */
const looks = (seconds: number, own: Partial<Sample> = {}): Sample[] =>
  Array.from({ length: seconds + 1 }, (_, second) => ({ ...well, ...own, at: second * 1000 }));
const trigger = (samples: readonly Sample[], limits: Partial<Limits> = {}) =>
  judge(samples, { ...defaultLimits, ...limits })?.trigger;

describe("the judge", () => {
  test("has nothing against a stack that is well, or that was not looked at", () => {
    expect(trigger(looks(600))).toBeUndefined();
    expect(trigger([])).toBeUndefined();
  });

  test.each<[string, Partial<Sample>, number]>([
    ["failure-rate", { completed: 17, failed: 3 }, 0],
    ["lost-attempts", { lostAttempts: 4 }, 0],
    ["restarts", { restarts: { redis: 0, "comfyui-1": 4 } }, 0],
    ["unhealthy", { unhealthy: ["redis", "frontend-0-11-1", "user020's editor"] }, 15],
    ["worker-lost", worker({ lost: true }), 0],
    ["gpu-memory", worker({ vramShare: 0.9 }), 60],
    ["report-late", worker({ lateSeconds: 6 }), 15],
    ["queue-depth", { pending: 81 }, 300],
    ["editor-slow", { editorSeconds: [2.5] }, 19],
  ])("calls for a rollback on %s, as soon as it has been so long enough", (name, own, seconds) => {
    expect(trigger(looks(seconds, own))).toBe(name);
    if (seconds > 0) expect(trigger(looks(seconds - 1, own))).toBeUndefined();
  });

  test("forgives what passes", () => {
    const before = looks(200, { pending: 90 });
    const after = looks(200, { pending: 90 }).map((look) => ({ ...look, at: look.at + 202_000 }));
    expect(trigger([...before, { ...well, at: 201_000 }, ...after])).toBeUndefined();
    expect(trigger([...looks(400, { pending: 90 }), { ...well, at: 401_000 }])).toBeUndefined();
  });

  test("does not let one failed job of few decide", () => {
    expect(trigger(looks(5, { completed: 3, failed: 2 }))).toBeUndefined();
    expect(trigger(looks(5, { completed: 9, failed: 1 }))).toBeUndefined();
    expect(trigger(looks(5, { completed: 9, failed: 2 }))).toBe("failure-rate");
  });

  test("holds a canary to less", () => {
    const canary = { restarts: 0, unhealthy: 0 };
    expect(trigger(looks(0, { restarts: { "comfyui-1": 1 } }), canary)).toBe("restarts");
    expect(trigger(looks(15, { unhealthy: ["redis"] }), canary)).toBe("unhealthy");
  });

  test("takes a short window for as long as a condition can hold", () => {
    expect(trigger(looks(3, { pending: 90 }), { seconds: 3 })).toBe("queue-depth");
    expect(trigger(looks(0, { pending: 90 }), { seconds: 0 })).toBeUndefined();
  });

  test("takes a GPU's full memory for nothing but a large model, however short the window is", () => {
    const full = worker({ vramShare: 0.9 });
    expect(trigger(looks(59, full), { seconds: 3 })).toBeUndefined();
    expect(trigger(looks(60, full), { seconds: 3 })).toBe("gpu-memory");
  });

  test("reckons a percentile from what there is", () => {
    expect(percentile95([])).toBe(0);
    expect(percentile95([3, 1, 2])).toBe(3);
    expect(percentile95(Array.from({ length: 100 }, (_, index) => index + 1))).toBe(95);
  });
});
