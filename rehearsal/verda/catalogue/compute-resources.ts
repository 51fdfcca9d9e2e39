/** What container deployments run on. Names as the OpenAPI document and the Python SDK's tests spell them. */
import {
  findInstanceType,
  hardwareOf,
  pricesOf,
  type Currency,
  type InstanceType,
} from "./instance-types.ts";
import { stableId } from "./stable-id.ts";

/** The instance type that one unit of a compute corresponds to. */
const COMPUTES: Readonly<Record<string, string>> = {
  "General Compute": "CPU.4V.16G",
  H100: "1H100.80S.30V",
  H200: "1H200.141S.44V",
  B200: "1B200.30V",
  A100: "1A100.22V",
  L40S: "1L40S.20V",
  "RTX PRO 6000": "1RTXPRO6000.30V",
  "RTX 6000 Ada": "1RTX6000ADA.10V",
  "RTX 4500 Ada": "1A6000.10V",
};

export const computeNames = Object.keys(COMPUTES);
export const computeSizes = [1, 2, 4, 8] as const;

export function unitOf(name: string): InstanceType {
  const type = findInstanceType(COMPUTES[name] ?? "");
  if (!type) throw new Error(`the catalogue has no compute ${name}`);
  return type;
}

export const isCompute = (name: string, size: number): boolean =>
  Object.hasOwn(COMPUTES, name) && computeSizes.some((known) => known === size);

/** Of one replica, an hour. */
export function replicaPrice(
  { name, size }: { name: string; size: number },
  isSpot: boolean,
  currency: Currency,
): number {
  const { serverless, serverlessSpot } = pricesOf(unitOf(name), currency);
  return (isSpot ? serverlessSpot : serverless) * size;
}

export const containerTypeAnswers = (currency: Currency) =>
  computeNames.map((name) => {
    const unit = unitOf(name);
    const { serverless, serverlessSpot } = pricesOf(unit, currency);
    const { cpu, gpu, gpu_memory, memory } = hardwareOf(unit);
    return {
      id: stableId(`container type ${name}`),
      model: name,
      name,
      instance_type: unit.instance_type,
      cpu,
      gpu,
      gpu_memory,
      memory,
      serverless_price: String(serverless),
      serverless_spot_price: String(serverlessSpot),
      currency,
      manufacturer: unit.gpus > 0 ? "NVIDIA" : "AMD",
    };
  });
