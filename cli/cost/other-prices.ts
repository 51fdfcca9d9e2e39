/**
 * Prices that no API of ours tells: one dated table. What is not in it (a machine that is rented by
 * hand) has no price here; the setting `otherCosts` takes it, and without it it is told as not counted.
 */
import { z } from "zod";

const priceSchema = z.strictObject({
  /** What is paid for. */
  what: z.string(),
  amount: z.number().nonnegative(),
  currency: z.string().length(3),
  per: z.enum(["GB and month", "million requests", "month"]),
  /** As many of these units a month cost nothing, in the whole account. */
  freeUnits: z.number().nonnegative(),
  /** Where the price stands. */
  source: z.url(),
  /** When it was read there. */
  readOn: z.iso.date(),
  /** What it does not hold for. */
  note: z.string().default(""),
});
export type OtherPrice = z.infer<typeof priceSchema>;

const R2 = {
  currency: "USD",
  source: "https://developers.cloudflare.com/r2/pricing/",
  readOn: "2026-11-23",
} as const;

export const otherPrices = z
  .strictObject({
    r2Storage: priceSchema,
    r2Writes: priceSchema,
    r2Reads: priceSchema,
    tailnet: priceSchema,
  })
  .parse({
    r2Storage: {
      ...R2,
      what: "R2, standard storage",
      ...{ amount: 0.015, per: "GB and month", freeUnits: 10 },
      note: "what leaves R2 costs nothing",
    },
    r2Writes: {
      ...R2,
      what: "R2, operations of class A (writes and lists)",
      ...{ amount: 4.5, per: "million requests", freeUnits: 1 },
    },
    r2Reads: {
      ...R2,
      what: "R2, operations of class B (reads)",
      ...{ amount: 0.36, per: "million requests", freeUnits: 10 },
    },
    tailnet: {
      what: "Tailscale, plan Personal",
      ...{ amount: 0, currency: "USD", per: "month", freeUnits: 0 },
      source: "https://tailscale.com/kb/1251/pricing-faq",
      readOn: "2026-11-23",
      note: "3 users, 100 devices, not for business use: another plan goes into comfymulti:otherCosts",
    },
  } satisfies Record<string, z.input<typeof priceSchema>>);
