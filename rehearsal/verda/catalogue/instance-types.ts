/**
 * Instance types: names as the official CLI, the OpenAPI document and live lists show them. Prices
 * and sizes of memory are observations of 2026 where there is one, and plausible otherwise.
 */
import { images } from "./images.ts";
import { stableId } from "./stable-id.ts";

interface Family {
  readonly model: string;
  /** GB of one GPU. */
  readonly gpuMemory: number;
  /** USD an hour for one GPU. */
  readonly price: number;
  readonly names: readonly string[];
}

const counts = (pattern: (gpus: number) => string): readonly string[] => [1, 2, 4, 8].map(pattern);

const FAMILIES: readonly Family[] = [
  {
    model: "H100 SXM5 80GB",
    gpuMemory: 80,
    price: 3.17,
    names:
      "1H100.80S.22V 1H100.80S.30V 1H100.80S.32V 2H100.80S.60V 2H100.80S.80V 4H100.80S.176V 8H100.80S.176V 8H100.80S.352V".split(
        " ",
      ),
  },
  {
    model: "H200 SXM5 141GB",
    gpuMemory: 141,
    price: 4.827,
    names: ["1H200.141S.44V", "2H200.141S.88V", "4H200.141S.176V", "8H200.141S.176V"],
  },
  {
    model: "B200 SXM6 180GB",
    gpuMemory: 180,
    price: 6.11,
    names: counts((n) => `${n}B200.${n * 30}V`),
  },
  {
    model: "B300 SXM6 262GB",
    gpuMemory: 262,
    price: 7.2,
    names: counts((n) => `${n}B300.${n * 30}V`),
  },
  { model: "GB300 277GB", gpuMemory: 277, price: 7.9, names: ["1GB300.32V"] },
  {
    model: "A100 SXM4 80GB",
    gpuMemory: 80,
    price: 1.79,
    names: counts((n) => `${n}A100.${n * 22}V`),
  },
  { model: "A100 SXM4 40GB", gpuMemory: 40, price: 1.29, names: ["1A100.40S.22V"] },
  { model: "L40S 48GB", gpuMemory: 48, price: 1.36, names: counts((n) => `${n}L40S.${n * 20}V`) },
  {
    model: "RTX PRO 6000 96GB",
    gpuMemory: 96,
    price: 1.89,
    names: ["1RTXPRO6000.30V", "2RTXPRO6000.60V", "4RTXPRO6000.120V", "8RTXPRO6000.224V"],
  },
  {
    model: "RTX PRO 6000 96GB confidential computing",
    gpuMemory: 96,
    price: 1.89,
    names: ["1RTXPRO6000.30V.CC"],
  },
  {
    model: "RTX 6000 Ada 48GB",
    gpuMemory: 48,
    price: 1.19,
    names: counts((n) => `${n}RTX6000ADA.${n * 10}V`),
  },
  {
    model: "RTX A6000 48GB",
    gpuMemory: 48,
    price: 0.61,
    names: counts((n) => `${n}A6000.${n * 10}V`),
  },
  {
    model: "Tesla V100 16GB",
    gpuMemory: 16,
    price: 0.6,
    names: ["1V100.6V", "2V100.10V", "4V100.20V", "8V100.48V"],
  },
  {
    model: "AMD EPYC",
    gpuMemory: 0,
    price: 0,
    names:
      "CPU.4V.16G CPU.8V.32G CPU.16V.64G CPU.32V.128G CPU.64V.256G CPU.96V.384G CPU.120V.480G CPU.360V.1440G CPU-TURIN.4V.16G".split(
        " ",
      ),
  },
];

const PRICE_OF_CORE = 0.00698;
const MEMORY_OF_CORE = 4;
/** USD in a EUR, so that prices in both differ as they do. */
const USD_OF_EUR = 1.1;

function describe({ model, gpuMemory, price, names }: Family) {
  return names.map((instance_type) => {
    const gpus = Number(/^\d+/.exec(instance_type)?.[0] ?? 0);
    const cores = Number(/(\d+)V/.exec(instance_type.replace(/^\d+V100/, ""))?.[1]);
    const memory = Number(/(\d+)G$/.exec(instance_type)?.[1] ?? cores * MEMORY_OF_CORE);
    const usd = gpus > 0 ? price * gpus : cores * PRICE_OF_CORE;
    return { instance_type, model, gpus, cores, memory, gpuMemory: gpuMemory * gpus, usd };
  });
}

/** Everything that can be ordered. */
export const instanceTypes = FAMILIES.flatMap(describe);
export type InstanceType = (typeof instanceTypes)[number];
export type Currency = "usd" | "eur";

export const findInstanceType = (name: string): InstanceType | undefined =>
  instanceTypes.find(({ instance_type }) => instance_type === name);

const SPOT_SHARE = 0.5;
/** A replica is somewhat dearer than the instance it runs on. */
const SERVERLESS_SHARE = 1.1;

export const inCurrency = (usd: number, currency: Currency): number =>
  Number((currency === "eur" ? usd / USD_OF_EUR : usd).toFixed(4));

/** Of the whole instance, an hour. */
export function pricesOf({ usd }: Pick<InstanceType, "usd">, currency: Currency) {
  const price = (share: number) => inCurrency(usd * share, currency);
  return {
    onDemand: price(1),
    spot: price(SPOT_SHARE),
    serverless: price(SERVERLESS_SHARE),
    serverlessSpot: price(SERVERLESS_SHARE * SPOT_SHARE),
  };
}

/** The parts that instance types and instances show alike. */
export function hardwareOf({ gpus, cores, memory, gpuMemory, model }: InstanceType) {
  return {
    cpu: { description: `${cores} CPU`, number_of_cores: cores },
    gpu: { description: gpus > 0 ? `${gpus}x ${model}` : "", number_of_gpus: gpus },
    memory: { description: `${memory}GB RAM`, size_in_gigabytes: memory },
    gpu_memory: {
      description: gpus > 0 ? `${gpuMemory}GB GPU RAM` : "",
      size_in_gigabytes: gpuMemory,
    },
    storage: { description: "dynamic" },
  };
}

/** As `GET /instance-types` lists it: prices are text there, and numbers on an instance. */
export function instanceTypeAnswer(type: InstanceType, currency: Currency) {
  const { onDemand, spot, serverless, serverlessSpot } = pricesOf(type, currency);
  const manufacturer = type.gpus > 0 ? "NVIDIA" : "AMD";
  return {
    id: stableId(`instance type ${type.instance_type}`),
    instance_type: type.instance_type,
    name: type.model,
    display_name: `${manufacturer} ${type.model}`,
    model: type.model,
    manufacturer,
    description: type.gpus > 0 ? `Dedicated ${type.model} GPU instance` : "CPU instance",
    best_for: type.gpus > 0 ? ["Deep learning", "Inference"] : ["General purpose"],
    ...hardwareOf(type),
    price_per_hour: String(onDemand),
    spot_price: String(spot),
    serverless_price: String(serverless),
    serverless_spot_price: String(serverlessSpot),
    dynamic_price: String(onDemand),
    max_dynamic_price: String(onDemand),
    p2p: type.gpus > 1 ? "600 GB/s" : null,
    deploy_warning: null,
    currency,
    supported_os: images.map(({ image_type }) => image_type),
  };
}
