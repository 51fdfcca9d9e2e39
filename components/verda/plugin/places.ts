/** Where an instance can be made now. */
import type { VerdaClient } from "../client/index.ts";
import type { InstanceInputs } from "../schemas/instance.ts";

/**
 * Of the declared locations those with capacity, best first. An existing volume binds its instance
 * to its own location.
 * @throws Error when there is none, naming where the type is to be had
 */
export async function placesFor(
  client: VerdaClient,
  { instanceType, isSpot, locationCodes, existingVolumeIds }: InstanceInputs,
): Promise<string[]> {
  const bound = await Promise.all(existingVolumeIds.map((id) => client.volume(id)));
  const allowed = locationCodes.filter((code) => bound.every(({ location }) => location === code));
  if (allowed.length === 0) {
    const where = [...new Set(bound.map(({ location }) => location))].join(" and ");
    throw new Error(
      `existingVolumeIds: the volumes are in ${where}, and an instance can use only volumes of its own location: name it in locationCodes`,
    );
  }
  const having = (await client.instanceAvailability(isSpot))
    .filter(({ availabilities }) => availabilities.includes(instanceType))
    .map(({ location_code }) => location_code);
  const places = allowed.filter((code) => having.includes(code));
  if (places.length > 0) return places;
  const kind = `${instanceType}${isSpot ? " (spot)" : ""}`;
  const elsewhere =
    having.length > 0 ? `it can be had in ${having.join(", ")}` : "no other location has it either";
  throw new Error(
    `no capacity for ${kind} in ${allowed.join(", ")}; ${elsewhere}: name more locationCodes or another instanceType, or try later`,
  );
}
