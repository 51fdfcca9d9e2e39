/** Starts a simulator of Verda's REST API and lets its owner steer it. */
import type { AddressInfo } from "node:net";
import { createServer } from "./api/server.ts";
import { Tokens } from "./api/token.ts";
import { faultSchema, type Fault } from "./faults/fault.ts";
import { optionsSchema, type VerdaSimulatorOptions } from "./options.ts";
import { balanceAt } from "./world/billing.ts";
import type { SimulatorEvent } from "./world/event-log.ts";
import { evictSpot, findInstance } from "./world/instances.ts";
import { takeInventory, type Inventory } from "./world/inventory.ts";
import { loadState, saveState } from "./world/state-file.ts";
import { emptyState } from "./world/state.ts";
import { World } from "./world/world.ts";

/** A running simulator. */
export interface VerdaSimulator {
  /** Base URL for clients: `http://127.0.0.1:<port>/v1`. */
  readonly url: string;
  /** The page for people: `http://127.0.0.1:<port>/`. */
  readonly inspectorUrl: string;
  readonly clock: {
    /** Simulated time. */
    now(): Date;
    /** Jumps ahead by simulated milliseconds; every transition that falls due happens, in order. */
    advance(ms: number): void;
  };
  /** What is there now, by the API's own words. */
  inventory(): Inventory;
  /** Money left now. */
  balance(): number;
  /** The newest events, oldest first; requests among them (kind `request`), never bodies. */
  events(): readonly SimulatorEvent[];
  /** Makes the next `times` requests that match go wrong. */
  inject(fault: Fault): void;
  /** Removes all faults that wait. */
  clearFaults(): void;
  /** Takes a spot instance away, as Verda does. @throws when it is no running spot instance */
  evictSpot(instanceId: string): void;
  /** From now on the location holds this many of the type. */
  setCapacity(location: string, instanceType: string, count: number): void;
  /** Every access token given so far is refused from now on. */
  expireTokens(): void;
  /** Ends it; waiting connections are cut. */
  close(): Promise<void>;
}

/**
 * Starts a simulator on 127.0.0.1.
 *
 * @throws a ZodError for options that are none, a StateFileError for a file that is no state, and
 *   the listener's error when the port is taken
 */
export async function startVerdaSimulator(options: VerdaSimulatorOptions): Promise<VerdaSimulator> {
  const settings = optionsSchema.parse(options);
  const { stateFile } = settings;
  const stored = stateFile === undefined ? undefined : loadState(stateFile);
  const world = new World(
    settings,
    stored?.state ?? emptyState(settings.balance),
    stored?.simulatedNow ?? settings.startsAt?.getTime() ?? Date.now(),
  );
  const tokens = new Tokens(settings);
  const save = () => {
    if (stateFile !== undefined) saveState(stateFile, world.clock.now(), world.state);
  };
  const server = createServer(world, tokens, save);
  await server.listen({ host: "127.0.0.1", port: settings.port });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    inspectorUrl: `http://127.0.0.1:${port}/`,
    clock: {
      now: () => new Date(world.clock.now()),
      advance: (ms) => {
        world.advance(ms);
        save();
      },
    },
    inventory: () => takeInventory(world, world.settle()),
    balance: () => balanceAt(world.state, world.settle()),
    events: () => {
      world.settle();
      return world.events.list();
    },
    inject: (fault) => world.faults.add(faultSchema.parse(fault)),
    clearFaults: () => world.faults.clear(),
    evictSpot: (id) => {
      const now = world.settle();
      evictSpot(world, now, findInstance(world, id));
      save();
    },
    setCapacity: (location, type, count) => world.setCapacity(location, type, count),
    expireTokens: () => tokens.expireAll(),
    close: async () => {
      await server.close();
      world.settle();
      save();
    },
  };
}
