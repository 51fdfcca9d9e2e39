/** Types of storage and their prices; 0.2 a month and GB is the OpenAPI document's example. */
import { HOURS_IN_MONTH } from "../world/billing.ts";
import type { VolumeType } from "../world/state.ts";
import { inCurrency, type Currency } from "./instance-types.ts";

const MONTHLY_USD_OF_GIGABYTE: Readonly<Record<VolumeType, number>> = {
  NVMe: 0.2,
  NVMe_Shared: 0.2,
  HDD: 0.05,
};

/** Of one GB. */
export const monthlyPriceOf = (type: VolumeType, currency: Currency): number =>
  inCurrency(MONTHLY_USD_OF_GIGABYTE[type], currency);

export const volumeTypeAnswers = (currency: Currency) =>
  (["NVMe", "HDD", "NVMe_Shared"] as const).map((type) => ({
    type,
    price: {
      price_per_month_per_gb: monthlyPriceOf(type, currency),
      cps_per_gb: monthlyPriceOf(type, currency) / HOURS_IN_MONTH / 3600,
      currency,
    },
    is_shared_fs: type === "NVMe_Shared",
    burst_bandwidth: type === "HDD" ? 250 : 2000,
    continuous_bandwidth: type === "HDD" ? 250 : 2000,
    internal_network_speed: 50,
    iops: type === "HDD" ? "300" : "100k",
    throughput_gbps: type === "HDD" ? 0.25 : 2,
  }));
