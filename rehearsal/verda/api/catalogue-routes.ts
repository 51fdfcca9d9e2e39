/** Price lists, locations, images, availability and the balance. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import {
  computeNames,
  computeSizes,
  containerTypeAnswers,
} from "../catalogue/compute-resources.ts";
import { images } from "../catalogue/images.ts";
import {
  findInstanceType,
  instanceTypeAnswer,
  instanceTypes,
} from "../catalogue/instance-types.ts";
import { isLocation, locations } from "../catalogue/locations.ts";
import { volumeTypeAnswers } from "../catalogue/volume-types.ts";
import { balanceAt } from "../world/billing.ts";
import { freeCapacity } from "../world/instances.ts";
import { invalid, notFound } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import { flag, parse } from "./body.ts";

const currencyQuery = z.strictObject({ currency: z.enum(["usd", "eur"]).optional() });
const imagesQuery = z.strictObject({ instance_type: z.string().max(100).optional() });
/** Both spellings: Python sends `isSpot` with `location_code`. */
const availabilityQuery = z.strictObject({
  is_spot: flag.optional(),
  isSpot: flag.optional(),
  location_code: z.string().max(100).optional(),
  locationCode: z.string().max(100).optional(),
});
const typeParameters = z.object({ type: z.string().max(100) });

const PERIODS = [
  { code: "1_MONTH", name: "1 month", unit_value: 1, discount_percentage: 2 },
  { code: "3_MONTHS", name: "3 months", unit_value: 3, discount_percentage: 5 },
  { code: "6_MONTHS", name: "6 months", unit_value: 6, discount_percentage: 8 },
].map((period) => ({ ...period, is_enabled: true, unit_name: "month" }));

export function catalogueRoutes(server: FastifyInstance, world: World): void {
  const { settings } = world;
  server.get("/balance", () => ({
    amount: Number(balanceAt(world.state, world.settle()).toFixed(6)),
    currency: settings.currency,
  }));
  server.get("/locations", () => locations);
  server.get("/images", ({ query }) => {
    const { instance_type: type } = parse(imagesQuery, query);
    if (type !== undefined && !findInstanceType(type)) throw notFound("Invalid instance type");
    return images;
  });
  server.get("/instance-types", ({ query }) => {
    const { currency = settings.currency } = parse(currencyQuery, query);
    return instanceTypes.map((type) => instanceTypeAnswer(type, currency));
  });
  server.get("/container-types", ({ query }) =>
    containerTypeAnswers(parse(currencyQuery, query).currency ?? settings.currency),
  );
  server.get("/volume-types", () => volumeTypeAnswers(settings.currency));
  for (const path of ["", "/instances", "/clusters"]) {
    server.get(`/long-term/periods${path}`, () => PERIODS);
  }
  server.get("/serverless-compute-resources", () =>
    computeNames.flatMap((name) =>
      computeSizes.map((size) => ({
        name,
        size,
        is_available: (settings.computeCapacity[name] ?? 1) > 0,
      })),
    ),
  );
  server.get("/instance-availability", ({ query }) => {
    const wanted = location(query);
    return locations
      .filter(({ code }) => wanted === undefined || wanted === code)
      .map(({ code }) => ({
        location_code: code,
        availabilities: availableTypes(world, code),
      }));
  });
  server.get("/instance-availability/:type", ({ query, params }) => {
    const wanted = location(query);
    const { type } = parse(typeParameters, params);
    if (!findInstanceType(type)) throw notFound("Invalid instance type");
    world.settle();
    return locations.some(
      ({ code }) =>
        (wanted === undefined || wanted === code) && freeCapacity(world, code, type) > 0,
    );
  });
}

function location(query: unknown): string | undefined {
  const { location_code: code, locationCode } = parse(availabilityQuery, query);
  const wanted = code ?? locationCode;
  if (wanted !== undefined && !isLocation(wanted)) throw invalid("Invalid location code");
  return wanted;
}

function availableTypes(world: World, location: string): string[] {
  world.settle();
  return instanceTypes
    .map(({ instance_type }) => instance_type)
    .filter((type) => freeCapacity(world, location, type) > 0);
}
