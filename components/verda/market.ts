/** What Verda has and what it costs: to choose a location, and to state a price at preview. */
import type { VerdaClient } from "./client/index.ts";

const HOURS_A_MONTH = 730;

export interface AvailabilityOptions {
  /** Of spot machines. Default false. */
  readonly isSpot?: boolean;
}

/** Locations that have the type now, which is no reservation. */
export async function availability(
  client: VerdaClient,
  instanceType: string,
  { isSpot = false }: AvailabilityOptions = {},
): Promise<string[]> {
  const places = await client.instanceAvailability(isSpot);
  return places
    .filter(({ availabilities }) => availabilities.includes(instanceType))
    .map(({ location_code }) => location_code);
}

export interface InstancePrice {
  readonly instanceType: string;
  readonly name: string;
  readonly gpus: number;
  /** GB, over all GPUs. */
  readonly gpuMemory: number;
  /** GB */
  readonly memory: number;
  readonly perHour: number;
  readonly spotPerHour: number;
  readonly currency: string;
}

export interface Prices {
  readonly instances: readonly InstancePrice[];
  readonly volumes: readonly {
    readonly type: string;
    /** Of one GB. */
    readonly perMonth: number;
    readonly perHour: number;
    readonly currency: string;
  }[];
  /** Of one serverless replica. */
  readonly containers: readonly {
    readonly model: string;
    readonly name: string;
    /** GB; where the list says it. */
    readonly gpuMemory?: number;
    readonly perHour: number;
    readonly spotPerHour: number;
    readonly currency: string;
  }[];
}

/** Price lists of the day; they need no credentials. */
export async function prices(client: VerdaClient): Promise<Prices> {
  const [instances, volumes, containers] = await Promise.all([
    client.instanceTypes(),
    client.volumeTypes(),
    client.containerTypes(),
  ]);
  return {
    instances: instances.map((type) => ({
      instanceType: type.instance_type,
      name: type.name,
      gpus: type.gpu.number_of_gpus,
      gpuMemory: type.gpu_memory.size_in_gigabytes,
      memory: type.memory.size_in_gigabytes,
      perHour: type.price_per_hour,
      spotPerHour: type.spot_price,
      currency: type.currency,
    })),
    volumes: volumes.map(({ type, price }) => ({
      type,
      perMonth: price.price_per_month_per_gb,
      perHour: price.price_per_month_per_gb / HOURS_A_MONTH,
      currency: price.currency,
    })),
    containers: containers.map((type) => ({
      model: type.model,
      name: type.name,
      perHour: type.serverless_price,
      spotPerHour: type.serverless_spot_price,
      ...(type.gpu_memory && { gpuMemory: type.gpu_memory.size_in_gigabytes }),
      currency: type.currency,
    })),
  };
}
