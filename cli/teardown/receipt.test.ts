import { expect, it } from "vitest";
import type { Found, Survey } from "./accounts/survey.ts";
import { resourcesIn } from "./engine-stack.ts";
import { newJournal, type JournalState } from "./journal.ts";
import { planText } from "./plan.ts";
import { makeReceipt } from "./receipt.ts";
import { receiptText, verdictSentence } from "./receipt-text.ts";

const found = (name: string, change: Partial<Found> = {}): Found => ({
  ...{ account: "Verda", kind: "volume", id: `id-of-${name}`, name, note: "" },
  ...{ isBillable: true, goesByItself: false, ...change },
});
const asked = (left: Found[], kept: Found[] = []): Survey => ({
  ...{ account: "Verda", state: "asked", how: "everything", left, kept },
});
const notChecked = (isNeeded: boolean): Survey => ({
  ...{ account: "Cloudflare", state: "not checked", why: "no credentials", isNeeded },
});
const resources = resourcesIn({
  resources: ["models", "scratch", "redis"].map((name) => ({
    ...{ urn: `urn:pulumi:test::project::type::${name}`, custom: true, id: `id-of-${name}` },
    ...{ type: name === "redis" ? "docker:index/container:Container" : "verda:index:Volume" },
    protect: name === "models",
  })),
});
const urnOf = (name: string) => resources.find((thing) => thing.name === name)?.urn ?? "";
const journal: JournalState = {
  ...newJournal("workshop", new Date("2027-03-06T19:00:00Z")),
  declared: resources,
  kept: [urnOf("models")],
  remaining: [urnOf("models")],
};
const receiptOf = (accounts: Survey[], change: Partial<JournalState> = {}) =>
  makeReceipt({ ...journal, ...change }, accounts, { place: undefined, notes: [] });

it.each<[string, Survey[], string]>([
  ["nothing is left", [asked([]), notChecked(false)], "clean"],
  ["what is left goes by itself", [asked([found("w", { goesByItself: true })])], "clean"],
  ["something is left", [asked([found("a")])], "left"],
  ["something is left that costs nothing", [asked([found("a", { isBillable: false })])], "left"],
  ["an account of the stack could not be asked", [asked([]), notChecked(true)], "unproven"],
  [
    "something is left, and an account was not asked",
    [asked([found("a")]), notChecked(true)],
    "left",
  ],
])("when %s, the verdict follows", (_case, accounts, verdict) => {
  expect(receiptOf(accounts).verdict).toBe(verdict);
});

it("tells apart what was destroyed, what is kept with its price, and what could not be destroyed", () => {
  const monthly = { amount: 40, currency: "usd", basis: "200 GB NVMe_Shared" };
  const receipt = receiptOf([asked([], [found("models", { monthly })])], {
    remaining: [urnOf("models"), urnOf("redis")],
  });
  expect(receipt.destroyed.map(({ name }) => name)).toEqual(["scratch"]);
  expect(receipt.kept).toMatchObject([{ name: "models", monthly }]);
  expect(receipt.stuck.map(({ name }) => name)).toEqual(["redis"]);
  expect(receipt.verdict).toBe("left");
  const page = receiptText(receipt);
  expect(page).toContain("- verda Volume `models` (`id-of-models`): 40.00 USD a month");
  expect(page).toContain("- docker Container `redis` (`id-of-redis`) could not be destroyed");
});

it("counts what could not be destroyed and is seen in the account once", () => {
  const receipt = receiptOf([asked([found("scratch")])], {
    remaining: [urnOf("models"), urnOf("scratch")],
  });
  expect(receipt.stuck).toEqual([]);
  expect(verdictSentence(receipt)).toContain("1 thing of workshop is left, 1 of them billed");
});

it("lets no name from an account break out of its place on the page", () => {
  const page = receiptText(receiptOf([asked([found("`**free**`\n# heading")])]));
  expect(page).toContain("`?**free**??# heading`");
});

it("is planned: what goes, what stays, and which account can't be asked", () => {
  const owns = (type: string) => type.startsWith("verda:");
  const text = planText({
    ...{ stack: "workshop", users: ["user001"], bundles: "s3://files/", keepWaitingSeconds: 900 },
    ...{ resources, keep: ["models"], notes: [] },
    accounts: [
      { name: "Verda", owns, unavailable: "no credentials" },
      { name: "Tailscale", owns: () => false, unavailable: "no credentials" },
    ],
  });
  expect(text).toMatch(/4\. 2 things are destroyed:\s+Volume: scratch\s+Container: redis/);
  expect(text).toMatch(/5\. 1 things are kept:\s+Volume: models/);
  expect(text).toContain("Verda can't be: no credentials");
  expect(text).not.toContain("Tailscale");
});
