/** Prices each billable thing: one line for all that are alike. */
import type { Prices } from "../../components/verda/index.ts";
import { modelManifest } from "@comfymulti/workflows";
import type { Billable } from "./billable.ts";
import { currencyCode, exactly, type Range } from "./money.ts";
import { otherPrices } from "./other-prices.ts";
import type { CostSettings } from "./settings.ts";

/** Verda bills what lies in the trash until it is erased, for so long. */
export const TRASH_HOURS = 96;
/** Replicas are billed by started steps of ten minutes. */
export const REPLICA_STEPS_AN_HOUR = 6;
/** Hours that Verda's own price list counts in a month: 0.2 a month is 7.61e-8 a second there. */
export const HOURS_A_MONTH = 730;
const BYTES_PER_GB = 1e9;

export interface CostLine {
  /** `1H100.80S.30V, spot` */
  readonly what: string;
  readonly count: number;
  /** Of one. */
  readonly unitPrice: number;
  /** `hour`, `GB and month` */
  readonly unit: string;
  readonly currency: string;
  readonly perHour: Range;
  readonly total: Range;
  /** `comfymulti:vatPercent` comes on top. */
  readonly isWithoutVat: boolean;
  readonly note: string;
}

export interface LineOptions {
  /** Hours that are forecast. */
  readonly hours: number;
  /** How often one spot machine is made anew in these hours, at most. */
  readonly evictions: number;
  readonly settings: Pick<CostSettings, "otherCosts" | "vaultGb">;
}

export interface Priced {
  readonly lines: readonly CostLine[];
  /** Sentences: what has no price. */
  readonly notCounted: readonly string[];
  /** Storage that outlives the stack. */
  readonly stays: readonly {
    readonly what: string;
    readonly perMonth: number;
    readonly currency: string;
  }[];
}

type Of<Kind extends Billable["kind"]> = Extract<Billable, { kind: Kind }>;

export function priceLines(
  billable: readonly Billable[],
  prices: Prices,
  options: LineOptions,
): Priced {
  const of = <Kind extends Billable["kind"]>(kind: Kind) =>
    billable.filter((thing): thing is Of<Kind> => thing.kind === kind);
  const parts: readonly Partial<Priced>[] = [
    ...groups(of("machine"), ({ instanceType, isSpot }) => `${instanceType} ${isSpot}`).map(
      (alike) => machines(alike, prices, options),
    ),
    ...groups(
      of("replicas"),
      ({ compute, isSpot }) => `${compute.name} ${compute.size} ${isSpot}`,
    ).map((alike) => replicas(alike, prices, options)),
    ...groups(of("storage"), ({ type }) => type).map((alike) => storage(alike, prices, options)),
    buckets(of("bucket").length, options),
    tailnet(of("tailnet").length),
    byHand(options),
    ...of("unknown").map(({ name }) => ({
      notCounted: [`${name}: what it will be is known only when it is made.`],
    })),
  ];
  return {
    lines: parts.flatMap((part) => part.lines ?? []),
    notCounted: parts.flatMap((part) => part.notCounted ?? []),
    stays: parts.flatMap((part) => part.stays ?? []),
  };
}

const groups = <Thing>(things: readonly Thing[], key: (thing: Thing) => string) => [
  ...Map.groupBy(things, key).values(),
];

function machines(
  alike: readonly Of<"machine">[],
  { instances, volumes }: Prices,
  { hours, evictions }: LineOptions,
): Partial<Priced> {
  const [{ instanceType, isSpot } = { instanceType: "", isSpot: false }] = alike;
  const price = instances.find((one) => one.instanceType === instanceType);
  if (!price) return { notCounted: [`${instanceType}: it is not in Verda's price list.`] };
  const unitPrice = isSpot ? price.spotPerHour : price.perHour;
  const perHour = exactly(alike.length * unitPrice);
  // Each machine that is taken back may leave its system disk, which is billed until it is found.
  const gbHour = volumes.find(({ type }) => type === "NVMe")?.perHour ?? 0;
  const left = isSpot
    ? evictions * hours * gbHour * alike.reduce((gb, { systemGb }) => gb + systemGb, 0)
    : 0;
  const line: CostLine = {
    what: isSpot ? `${instanceType}, spot` : instanceType,
    ...{ count: alike.length, unitPrice, unit: "hour", perHour, isWithoutVat: true },
    currency: currencyCode(price.currency),
    total: { low: perHour.low * hours, high: perHour.high * hours + left },
    note: isSpot
      ? `high: each is taken back ${evictions} times, and every time its system disk stays`
      : "",
  };
  return { lines: [line] };
}

function replicas(
  alike: readonly Of<"replicas">[],
  { containers }: Prices,
  { hours }: LineOptions,
): Partial<Priced> {
  const [{ compute, isSpot } = { compute: { name: "", size: 1 }, isSpot: false }] = alike;
  const price = containers.find(({ name, model }) => [name, model].includes(compute.name));
  const name = `${compute.size}× ${compute.name}, serverless`;
  if (!price) return { notCounted: [`${name}: it is not in Verda's price list.`] };
  const unitPrice = (isSpot ? price.spotPerHour : price.perHour) * compute.size;
  const least = alike.reduce((count, one) => count + one.least, 0);
  const most = alike.reduce((count, one) => count + one.most, 0);
  const perHour = { low: least * unitPrice, high: most * unitPrice };
  const billedHours = Math.ceil(hours * REPLICA_STEPS_AN_HOUR) / REPLICA_STEPS_AN_HOUR;
  const coldStart = unitPrice / REPLICA_STEPS_AN_HOUR;
  const line: CostLine = {
    what: isSpot ? `${name}, spot` : name,
    ...{ count: most, unitPrice, unit: "hour", perHour, isWithoutVat: true },
    currency: currencyCode(price.currency),
    total: { low: perHour.low * billedHours, high: perHour.high * billedHours },
    note: `low: ${least} always on; high: ${most} all the time; a cold start costs at least ten minutes, ${coldStart.toFixed(2)}`,
  };
  return { lines: [line] };
}

function storage(
  alike: readonly Of<"storage">[],
  { volumes }: Prices,
  { hours }: LineOptions,
): Partial<Priced> {
  const type = alike[0]?.type ?? "";
  const price = volumes.find((one) => one.type === type);
  if (!price) return { notCounted: [`${type} storage: it is not in Verda's price list.`] };
  const gbOf = (afterEnd?: Of<"storage">["afterEnd"]) =>
    alike
      .filter((one) => afterEnd === undefined || one.afterEnd === afterEnd)
      .reduce((gb, one) => gb + one.gb, 0);
  const perHour = exactly(gbOf() * price.perHour);
  const trash = gbOf("trash") * price.perHour * TRASH_HOURS;
  const currency = currencyCode(price.currency);
  const line: CostLine = {
    what: type === "NVMe_Shared" ? "shared filesystem" : `${type} disks`,
    ...{ count: gbOf(), unitPrice: price.perMonth, unit: "GB and month", perHour, currency },
    total: { low: perHour.low * hours, high: perHour.high * hours + trash },
    isWithoutVat: true,
    note:
      trash > 0 ? `high: ${gbOf("trash")} GB lie in the trash for ${TRASH_HOURS} h afterwards` : "",
  };
  const stays = gbOf("stays");
  return {
    lines: [line],
    stays:
      stays > 0
        ? [{ what: `${stays} GB ${type}`, perMonth: stays * price.perMonth, currency }]
        : [],
  };
}

/** The models are known; what else lies in the buckets is not, unless the settings say it. */
function buckets(count: number, { hours, settings: { vaultGb } }: LineOptions): Partial<Priced> {
  if (count === 0) return {};
  const { r2Storage: price } = otherPrices;
  const models = modelManifest.files.reduce((sum, file) => sum + file.sizeBytes, 0) / BYTES_PER_GB;
  const gb = vaultGb ?? models;
  const gbHour = price.amount / HOURS_A_MONTH;
  const perHour = { low: Math.max(0, gb - price.freeUnits) * gbHour, high: gb * gbHour };
  const line: CostLine = {
    what: `${price.what}, ${count} buckets`,
    ...{ count: Math.round(gb), unitPrice: price.amount, unit: price.per, perHour },
    ...{ currency: price.currency, isWithoutVat: false },
    total: { low: perHour.low * hours, high: perHour.high * hours },
    note: `low: the account's free ${price.freeUnits} GB are this stack's`,
  };
  const free = `${otherPrices.r2Writes.freeUnits} million writes and ${otherPrices.r2Reads.freeUnits} million reads a month cost nothing`;
  return {
    lines: [line],
    notCounted: [
      `Operations on R2: ${free}.`,
      ...(vaultGb === undefined
        ? [
            "Images and participants' files in R2: comfymulti:vaultGb says how many GB it holds in all.",
          ]
        : []),
    ],
    stays: [
      { what: `${Math.round(gb)} GB in R2`, perMonth: gb * price.amount, currency: price.currency },
    ],
  };
}

function tailnet(count: number): Partial<Priced> {
  if (count === 0) return {};
  const { what, amount, currency, per, note } = otherPrices.tailnet;
  const nothing = exactly(amount);
  return {
    lines: [
      {
        ...{ what, count: 1, unitPrice: amount, unit: per, currency },
        ...{ perHour: nothing, total: nothing, isWithoutVat: false, note },
      },
    ],
  };
}

function byHand({ hours, settings }: LineOptions): Partial<Priced> {
  return {
    lines: settings.otherCosts.map(({ name, amount, currency, per }) => {
      const hourly = per === "hour" ? amount : amount / HOURS_A_MONTH;
      return {
        ...{ what: name, count: 1, unitPrice: amount, unit: per, currency },
        perHour: exactly(hourly),
        total: exactly(hourly * hours),
        ...{ isWithoutVat: false, note: "" },
      };
    }),
  };
}
