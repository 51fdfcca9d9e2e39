import { describe, expect, it } from "vitest";
import { lostMachines, without } from "./lost-machines.ts";

const WORKER = "comfymulti:gpu:GpuFleet$comfymulti:gpu:GpuWorker";
const urn = (type: string, name: string) => `urn:pulumi:workshop::comfymulti::${type}::${name}`;
const resource = (chain: string, name: string, dependencies: readonly string[] = []) => ({
  urn: urn(chain, name),
  type: chain.split("$").at(-1) ?? "",
  dependencies: [...dependencies],
});

/** What the state holds of one worker. */
const workerNamed = (name: string, { instance }: { instance: boolean }) => [
  resource(WORKER, name),
  ...(instance ? [resource(`${WORKER}$verda:index:Instance`, `${name}-instance`)] : []),
  resource(`${WORKER}$verda:index:Volume`, `${name}-scratch`),
  resource(`${WORKER}$command:remote:Command`, `${name}-ready`),
  resource(`${WORKER}$docker:index/container:Container`, name),
  resource(`${WORKER}$comfymulti:index:WorkerDrain`, `${name}-drain`),
  resource(
    "comfymulti:network:Tailnet$tailscale:index/tailnetKey:TailnetKey",
    `comfyume-workshop-${name}-join-key`,
  ),
];
const redis = resource("comfymulti:app-server:AppServer$docker:index/container:Container", "redis");

describe("a worker's machine that is gone", () => {
  const state = [
    redis,
    ...workerNamed("worker-1", { instance: false }),
    ...workerNamed("worker-10", { instance: true }),
  ];
  const lost = lostMachines(state);
  const names = (urns: readonly string[]) => urns.map((each) => each.split("::").at(-1));

  it("takes what ran on it along, and nothing of another worker or of the app server", () => {
    expect(lost.workers).toEqual(["worker-1"]);
    expect(names(lost.forgotten)).toEqual(["worker-1-ready", "worker-1", "worker-1-drain"]);
  });

  it("has used up its key for the private network", () => {
    expect(names(lost.usedKeys)).toEqual(["comfyume-workshop-worker-1-join-key"]);
  });

  it("is forgotten with every reference to it", () => {
    const dependent = {
      ...resource("comfymulti:declared:Thing", "after", [...lost.forgotten, redis.urn]),
      propertyDependencies: { a: [...lost.forgotten], b: [redis.urn] },
    };
    const { resources } = without({ resources: [...state, dependent] }, lost.forgotten);
    expect(resources.map(({ urn: each }) => each)).not.toEqual(
      expect.arrayContaining([lost.forgotten[0]]),
    );
    expect(resources.at(-1)).toMatchObject({
      dependencies: [redis.urn],
      propertyDependencies: { a: [], b: [redis.urn] },
    });
  });
});

it("a state in which every machine is there loses nothing", () => {
  const state = [redis, ...workerNamed("worker-1", { instance: true })];
  expect(lostMachines(state)).toEqual({ workers: [], forgotten: [], usedKeys: [] });
});

it("a worker whose machine was never made has nothing to forget", () => {
  expect(lostMachines([resource(WORKER, "worker-1")]).workers).toEqual([]);
});
