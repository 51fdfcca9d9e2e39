/** Cloudflare: the buckets of R2, and the records of the site's name. */
import ky, { type KyInstance } from "ky";
import { z } from "zod";
import type { Account, Found } from "./survey.ts";

/** https://developers.cloudflare.com/r2/pricing/, read 2026-11-23: standard storage, 10 GB of it free. */
const R2_PRICE = { amount: 0.015, currency: "usd", freeGb: 10 } as const;
const GB = 1e9;
const PUBLIC_URL = "https://api.cloudflare.com/client/v4";
const PAGE = 100;
const TIMEOUT_MS = 30_000;

/** https://developers.cloudflare.com/api/resources/r2/subresources/buckets/methods/list/ */
const bucketsSchema = z.object({
  success: z.literal(true),
  result: z.object({ buckets: z.array(z.object({ name: z.string() })).default([]) }),
});
/** https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/list/ */
const recordsSchema = z.object({
  success: z.literal(true),
  result: z.array(z.object({ id: z.string(), name: z.string(), type: z.string() })),
});

export interface CloudflareOptions {
  /** Reads R2 and DNS. `CLOUDFLARE_API_TOKEN`. */
  readonly apiToken: string | undefined;
  /** Where the API is. Default Cloudflare's own; another one for tests. */
  readonly baseUrl?: string;
  /** Owner of the buckets; undefined: this stack makes none. */
  readonly accountId: string | undefined;
  /** Names of the buckets that this stack makes. */
  readonly buckets: readonly string[];
  /** The site's name and its zone; undefined: this stack has none. */
  readonly site: { readonly zoneId: string; readonly hostname: string } | undefined;
  /** What a bucket holds, bytes; undefined when that can't be known. */
  readonly bytesOf: (bucket: string) => Promise<number | undefined>;
}

export function cloudflareAccount(options: CloudflareOptions): Account {
  return {
    name: "Cloudflare",
    owns: (type) => type.startsWith("cloudflare:"),
    unavailable: unavailable(options),
    ask: async ({ kept }) => {
      const http = ky.create({
        prefix: options.baseUrl ?? PUBLIC_URL,
        headers: { authorization: `Bearer ${options.apiToken ?? ""}` },
        timeout: TIMEOUT_MS,
        redirect: "error",
      });
      const [buckets, records] = await Promise.all([
        bucketsOf(http, options),
        recordsOf(http, options),
      ]);
      const all = [...buckets, ...records];
      const isKept = ({ id, name }: Found) => kept.has(id) || kept.has(name);
      const named = [...options.buckets, options.site?.hostname ?? ""].filter(
        (name) => name !== "",
      );
      return {
        how: `R2 buckets of the EU jurisdiction and DNS records by the names ${named.join(", ")}`,
        kept: all.filter(isKept),
        left: all.filter((thing) => !isKept(thing)),
      };
    },
  };
}

function unavailable({ apiToken, accountId, site }: CloudflareOptions): string | undefined {
  if (accountId === undefined && site === undefined) {
    return "the settings name neither an account for buckets (comfymulti:vault) nor a site (comfymulti:domain)";
  }
  return apiToken === undefined ? "no credentials: set CLOUDFLARE_API_TOKEN" : undefined;
}

async function bucketsOf(
  http: KyInstance,
  { accountId, buckets, bytesOf }: CloudflareOptions,
): Promise<Found[]> {
  if (accountId === undefined) return [];
  // One by one, by name: an account may hold thousands, and only these are asked about.
  const found = await Promise.all(
    buckets.map(async (name) => {
      const answer = await http
        .get(`accounts/${encodeURIComponent(accountId)}/r2/buckets`, {
          searchParams: { name_contains: name, per_page: String(PAGE) },
          headers: { "cf-r2-jurisdiction": "eu" },
        })
        .json();
      return bucketsSchema.parse(answer).result.buckets.some((bucket) => bucket.name === name)
        ? [name]
        : [];
    }),
  );
  return Promise.all(
    found.flat().map(async (name) => {
      const monthly = monthlyOf(await bytesOf(name));
      return {
        ...{ account: "Cloudflare", kind: "R2 bucket", id: name, name },
        isBillable: true,
        goesByItself: false,
        note: "delete it in Cloudflare's dashboard, R2",
        ...(monthly ? { monthly } : {}),
      };
    }),
  );
}

function monthlyOf(bytes: number | undefined): Found["monthly"] {
  if (bytes === undefined) return undefined;
  const { amount, currency, freeGb } = R2_PRICE;
  const gigabytes = bytes / GB;
  return {
    amount: gigabytes * amount,
    currency,
    basis: `${gigabytes.toFixed(2)} GB at ${amount} ${currency.toUpperCase()}; the account's first ${freeGb} GB cost nothing`,
  };
}

async function recordsOf(http: KyInstance, { site }: CloudflareOptions): Promise<Found[]> {
  if (site === undefined) return [];
  const answer = await http
    .get(`zones/${encodeURIComponent(site.zoneId)}/dns_records`, {
      searchParams: { "name.exact": site.hostname, per_page: String(PAGE) },
    })
    .json();
  return recordsSchema.parse(answer).result.flatMap(({ id, name, type }) =>
    name === site.hostname
      ? [
          {
            ...{ account: "Cloudflare", kind: `DNS record ${type}`, id, name },
            isBillable: false,
            goesByItself: false,
            note: "delete it in Cloudflare's dashboard, DNS",
          },
        ]
      : [],
  );
}
