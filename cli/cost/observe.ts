/** What of a stack is there on Verda now, and what each thing costs, by Verda's own answers. */
import {
  findOrphans,
  prices,
  type Prices,
  type Scope,
  type VerdaClient,
} from "../../components/verda/index.ts";
import { z } from "zod";
import { HOURS_A_MONTH } from "./lines.ts";
import { currencyCode } from "./money.ts";
import type { StackResource } from "./resources.ts";

export const thingSchema = z.object({
  kind: z.enum(["machine", "storage", "replicas"]),
  name: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  /** Without tax. Of replicas: of those that always run. */
  pricePerHour: z.number().nonnegative(),
  currency: z.string(),
});

export const observationSchema = z.object({
  at: z.iso.datetime({ offset: true }),
  /** By id. */
  things: z.record(z.string(), thingSchema),
  /** Of the account, which other stacks may share. */
  balance: z.object({ amount: z.number(), currency: z.string() }).optional(),
});
export type Observation = z.output<typeof observationSchema>;

/** Only a record is left of an instance in one of these. */
const ENDED = ["discontinued", "notfound", "deleting"];

/** Ids of what the state knows, with the disks that a machine has of its own. */
export function knownIds(resources: readonly StackResource[]): string[] {
  return resources
    .filter(({ type }) => type.startsWith("verda:"))
    .flatMap(({ id, outputs }) => [id, outputs["osVolumeId"], outputs["volumeIds"]].flat())
    .filter((id): id is string => typeof id === "string" && id !== "");
}

/**
 * @param resources Of the stack's state: with what carries its tag they say what is the stack's.
 * @throws VerdaError
 */
export async function observe(
  client: VerdaClient,
  scope: Scope,
  resources: readonly StackResource[],
  at: Date,
): Promise<Observation> {
  const [tagged, list, instances, volumes, trash, deployments, balance] = await Promise.all([
    findOrphans(client, scope, []),
    prices(client),
    client.instances(),
    client.volumes(),
    client.volumesInTrash(),
    client.deployments(),
    client.balance().catch(() => undefined),
  ]);
  const own = new Set([...knownIds(resources), ...tagged.map(({ id }) => id)]);
  const accountCurrency = balance?.currency ?? list.instances[0]?.currency ?? "usd";
  const machines = instances
    .filter(({ id, status }) => own.has(id) && !ENDED.includes(status))
    .map((instance) => [
      instance.id,
      {
        ...{ kind: "machine" as const, name: instance.hostname, createdAt: instance.created_at },
        pricePerHour: instance.price_per_hour ?? listed(list, instance),
        currency: currencyCode(accountCurrency),
      },
    ]);
  const storage = [...volumes, ...trash]
    .filter(({ id }) => own.has(id))
    .map((volume) => {
      const price = list.volumes.find(({ type }) => type === volume.type);
      const monthly = volume.monthly_price ?? (price?.perMonth ?? 0) * volume.size;
      return [
        volume.id,
        {
          ...{ kind: "storage" as const, name: volume.name, createdAt: volume.created_at },
          pricePerHour: monthly / HOURS_A_MONTH,
          currency: currencyCode(volume.currency ?? price?.currency ?? accountCurrency),
        },
      ];
    });
  const replicas = await Promise.all(
    deployments
      .filter(({ name }) => own.has(name))
      .map(async ({ name, compute, is_spot: isSpot, created_at: createdAt }) => {
        const price = list.containers.find((one) => [one.name, one.model].includes(compute.name));
        const { min_replica_count: least } = await client.scaling(name);
        const one = ((isSpot ? price?.spotPerHour : price?.perHour) ?? 0) * compute.size;
        const currency = currencyCode(price?.currency ?? accountCurrency);
        return [
          name,
          { kind: "replicas" as const, name, createdAt, pricePerHour: least * one, currency },
        ];
      }),
  );
  return observationSchema.parse({
    at: at.toISOString(),
    things: Object.fromEntries([...machines, ...storage, ...replicas]),
    balance: balance && { ...balance, currency: currencyCode(balance.currency) },
  });
}

function listed(
  { instances }: Prices,
  { instance_type: type, is_spot: isSpot }: { instance_type: string; is_spot: boolean },
): number {
  const price = instances.find(({ instanceType }) => instanceType === type);
  return (isSpot ? price?.spotPerHour : price?.perHour) ?? 0;
}
