/** The inspector's page, and the doors through which another process drives the simulator. None is under `/v1`. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { parse } from "../api/body.ts";
import { faultSchema } from "../faults/fault.ts";
import { balanceAt } from "../world/billing.ts";
import { evictSpot, findInstance } from "../world/instances.ts";
import { takeInventory } from "../world/inventory.ts";
import { invalid } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import { page } from "./page.ts";

const PAGE_EVENTS = 200;
const YEAR_MS = 366 * 24 * 3600 * 1000;

/** An expression has its own field here, for JSON knows none. */
const faultBody = z.union([
  faultSchema.extend({ path: z.string().startsWith("/").max(500) }),
  faultSchema.omit({ path: true }).extend({ pathPattern: z.string().max(200) }),
]);
const advanceBody = z.strictObject({ ms: z.number().int().positive().max(YEAR_MS) });
const evictBody = z.strictObject({ instanceId: z.string().max(200) });
const capacityBody = z.strictObject({
  location: z.string().max(100),
  instanceType: z.string().max(100),
  count: z.number().int().nonnegative(),
});

export function inspectorRoutes(server: FastifyInstance, world: World): void {
  const state = () => {
    const now = world.settle();
    return {
      now: new Date(now).toISOString(),
      speed: world.settings.speed,
      balance: balanceAt(world.state, now),
      currency: world.settings.currency,
      inventory: takeInventory(world, now),
      faults: world.faults.list(),
    };
  };
  server.get("/", (_request, reply) => {
    const content = { ...state(), events: world.events.list().slice(-PAGE_EVENTS).reverse() };
    return reply
      .type("text/html; charset=utf-8")
      .header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
      .send(page(content));
  });
  server.get("/_simulator/state", state);
  server.get("/_simulator/events", () => {
    world.settle();
    return world.events.list();
  });
  server.post("/_simulator/faults", ({ body }, reply) => {
    const fault = parse(faultBody, body);
    if ("pathPattern" in fault) {
      const { pathPattern, ...rest } = fault;
      world.faults.add({ ...rest, path: expression(pathPattern) });
    } else world.faults.add(fault);
    return reply.code(201).send({});
  });
  server.delete("/_simulator/faults", () => {
    world.faults.clear();
    return {};
  });
  server.post("/_simulator/advance", ({ body }) => {
    world.advance(parse(advanceBody, body).ms);
    return { now: new Date(world.clock.now()).toISOString() };
  });
  server.post("/_simulator/evict", ({ body }) => {
    const now = world.settle();
    evictSpot(world, now, findInstance(world, parse(evictBody, body).instanceId));
    return {};
  });
  server.post("/_simulator/capacity", ({ body }) => {
    const { location, instanceType, count } = parse(capacityBody, body);
    world.setCapacity(location, instanceType, count);
    return {};
  });
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    throw invalid(`${pattern} is no regular expression`);
  }
}
