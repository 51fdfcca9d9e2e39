/** What a stack rents by the hour, priced by Verda's own list. */
import * as pulumi from "@pulumi/pulumi";
import { prices, VerdaClient, verdaSettings, type Prices } from "../components/verda/index.ts";
import type { FleetSettings, ServerlessSettings } from "../components/gpu/index.ts";

export interface Rented {
  /** All that is declared, an hour, VAT included, in the list's currency. */
  readonly hourlyPrice: number;
  /** Memory of a machine's GPU, MiB; undefined when the list does not know it. */
  readonly machineVramMiB: number | undefined;
  readonly replicaVramMiB: number | undefined;
}

export interface Rentals {
  readonly fleet: FleetSettings | undefined;
  readonly serverless: ServerlessSettings | undefined;
  readonly vatPercent: number;
}

const MIB_PER_GB = 1024;

/** What it comes to. Replicas count as those that always run: more come only with jobs. */
export function rentedBy({ fleet, serverless, vatPercent }: Rentals, list: Prices): Rented {
  const machine = list.instances.find(({ instanceType }) => instanceType === fleet?.instanceType);
  const replica = list.containers.find(
    ({ model, name }) => model === serverless?.compute.name || name === serverless?.compute.name,
  );
  const gbHour = (type: string) =>
    list.volumes.find((volume) => volume.type === type)?.perHour ?? 0;
  const machines = fleet?.workers.length ?? 0;
  const fleetPrice =
    fleet === undefined
      ? 0
      : machines * ((fleet.spot ? machine?.spotPerHour : machine?.perHour) ?? 0) +
        machines * fleet.scratchGb * gbHour("NVMe") +
        fleet.sharedFilesystemGb * gbHour("NVMe_Shared");
  const replicaPrice =
    (serverless?.minReplicas ?? 0) *
    ((serverless?.spot ? replica?.spotPerHour : replica?.perHour) ?? 0);
  const perGpu = machine && machine.gpus > 0 ? machine.gpuMemory / machine.gpus : undefined;
  return {
    hourlyPrice: round((fleetPrice + replicaPrice) * (1 + vatPercent / 100)),
    machineVramMiB: perGpu === undefined ? undefined : Math.floor(perGpu * MIB_PER_GB),
    replicaVramMiB: replica?.gpuMemory === undefined ? undefined : replica.gpuMemory * MIB_PER_GB,
  };
}

/** With the prices of today. Without an answer nothing is priced, and the preview says so. */
export async function rented(rentals: Rentals): Promise<Rented> {
  try {
    const settings = verdaSettings(process.env, verdaConfiguration());
    return rentedBy(rentals, await prices(new VerdaClient(settings)));
  } catch (error) {
    await pulumi.log.warn(
      `Verda's price list could not be had, so nothing here is priced: ${error instanceof Error ? error.message : String(error)}`,
    );
    return { hourlyPrice: 0, machineVramMiB: undefined, replicaVramMiB: undefined };
  }
}

function verdaConfiguration(): Record<string, unknown> {
  const config = new pulumi.Config("verda");
  return {
    clientId: config.get("clientId"),
    clientSecret: config.get("clientSecret"),
    baseUrl: config.get("baseUrl"),
  };
}

const round = (price: number) => Math.round(price * 10_000) / 10_000;
