/** What a stack costs: the forecast until its end, what is spent, and what to do about it. */
import { Command, InvalidArgumentError } from "commander";
import { prices, type Prices } from "../../components/verda/index.ts";
import { readSettings } from "../stack-settings.ts";
import { VisibleError } from "../visible-error.ts";
import { AdminApi } from "../cost/admin-api.ts";
import { judgeForecast, judgeSpent, type BudgetVerdict } from "../cost/budget.ts";
import { drainWorkers } from "../cost/enforce.ts";
import { forecastText } from "../cost/forecast-text.ts";
import { DEFAULT_EVICTIONS, forecast, hoursUntil } from "../cost/forecast.ts";
import { heldAgainstBudget } from "../cost/ledger.ts";
import { liveCost, type LiveCost } from "../cost/live-cost.ts";
import { liveText } from "../cost/live-text.ts";
import { addTotals } from "../cost/money.ts";
import { costSettings, type CostSettings } from "../cost/settings.ts";
import { previewResources, verdaClient, viewStack, type StackView } from "../cost/stack-view.ts";

export interface CostFlags {
  /** Default: until `comfymulti:endsAt`, else a day. */
  readonly hours?: number;
  readonly evictions: number;
  /** Of what an update would leave, though the stack is up. */
  readonly planned: boolean;
  readonly check: boolean;
  readonly enforce: boolean;
  readonly json: boolean;
}

const HOURS_A_DAY = 24;
/** Of a stack that rents nothing: nobody is asked. */
const NO_PRICES: Prices = { instances: [], volumes: [], containers: [] };
const MOST_HOURS = 10_000;
const MOST_EVICTIONS = 1000;

/** `cost`, with its options. */
export const costCommand = (): Command =>
  new Command("cost")
    .description("what a stack will cost until its end, and what it has cost; whose doing it was")
    .argument("<stack>", "name of a Pulumi.<stack>.yaml")
    .option("--hours <hours>", "forecast so long, not until comfymulti:endsAt", number(MOST_HOURS))
    .option(
      "--evictions <times>",
      "how often a spot machine is taken back, at most",
      number(MOST_EVICTIONS),
      DEFAULT_EVICTIONS,
    )
    .option("--planned", "of what the next update would leave, not of what is there", false)
    .option("--check", "exit code 1 when comfymulti:budget may not hold", false)
    .option(
      "--enforce",
      "for timers: warn from 80 % of the budget on, drain the workers at 100 % (comfymulti:budgetAction)",
      false,
    )
    .option("--json", "as JSON, for programs", false)
    .action(cost);

export async function cost(stackName: string, flags: CostFlags): Promise<void> {
  const print = console.log;
  // The engine's remarks are said by console.log.
  if (flags.json) console.log = console.error;
  try {
    const settings = costSettings(readSettings(stackName));
    if ((flags.check || flags.enforce) && !settings.budget) {
      throw new VisibleError(
        `Stack ${stackName} has no budget: set comfymulti:budget, {"currency": "EUR", "amount": 100}.`,
      );
    }
    const view = await viewStack(stackName);
    const report = flags.enforce
      ? await enforce(view, settings)
      : await forecastReport(view, settings, flags);
    if (flags.json) print(JSON.stringify(report.json, null, 2));
    else console.log(report.text);
    if (report.isFault) process.exitCode = 1;
  } finally {
    console.log = print;
  }
}

interface Report {
  readonly json: object;
  readonly text: string;
  readonly isFault: boolean;
}

async function forecastReport(
  view: StackView,
  settings: CostSettings,
  { hours: asked, evictions, planned, check }: CostFlags,
): Promise<Report> {
  const now = new Date();
  const until = hoursUntil(settings.endsAt, now);
  const hours = asked ?? until ?? HOURS_A_DAY;
  const isRented = view.resources.some(({ type }) => type.startsWith("verda:"));
  const resources =
    isRented && !planned ? view.resources : await plannedResources(view.scope.stack);
  const list = resources.length > 0 ? await prices(verdaClient(view.verda)) : NO_PRICES;
  const expected = forecast(resources, list, { settings, hours, evictions });
  const live = isRented ? await liveCost(view, settings, now) : undefined;
  const spent = live === undefined || typeof live === "string" ? undefined : live.spent;
  const inAll = addTotals(expected.total, spent ? heldAgainstBudget(spent) : {});
  const { budget } = settings;
  const verdict = budget && judgeForecast(inAll, { ...settings, budget });
  const name =
    asked === undefined && until !== undefined ? `until ${settings.endsAt}` : `${hours} hours`;
  const text = [
    forecastText(expected, name),
    ...(live === undefined ? [] : ["", typeof live === "string" ? live : liveText(live)]),
    ...(verdict ? ["", verdict.sentence] : []),
  ].join("\n");
  return {
    json: { stack: view.scope.stack, forecast: expected, ...liveJson(live), budget: verdict },
    text,
    isFault: check && verdict !== undefined && ["over", "unclear"].includes(verdict.state),
  };
}

/** A stack on this machine rents nothing, and needs no engine to know it. */
async function plannedResources(stackName: string) {
  if (readSettings(stackName).kind === "local") return [];
  return (await previewResources(stackName)).after;
}

const liveJson = (live: LiveCost | string | undefined) =>
  typeof live === "string" ? { live: { unknown: live } } : { live };

/** Exit code 0 but where it could not be done: a timer must not hide that. */
async function enforce(view: StackView, settings: CostSettings): Promise<Report> {
  const stack = view.scope.stack;
  const live = await liveCost(view, settings, new Date());
  if (typeof live === "string") throw new VisibleError(live);
  const { budget, budgetAction } = settings;
  if (!budget) throw new Error("the budget was there a moment ago");
  const verdict = judgeSpent(heldAgainstBudget(live.spent), { ...settings, budget });
  const done =
    verdict.state === "over" && budgetAction === "drain" ? await drainNow(view) : undefined;
  return {
    json: { stack, budget: verdict, done: done ?? [], live },
    text: [verdict.sentence, ...enforceText(verdict, done, stack)].join("\n"),
    isFault: verdict.state === "unclear",
  };
}

async function drainNow({ platform, scope }: StackView): Promise<string[]> {
  if (!platform) return [];
  try {
    return await drainWorkers(new AdminApi(platform.admin));
  } catch (error) {
    throw new VisibleError(
      `The budget of ${scope.stack} is spent, and its workers could not be drained (${error instanceof Error ? error.message : String(error)}): end the stack, npx comfymulti teardown ${scope.stack}.`,
      { cause: error },
    );
  }
}

function enforceText(
  { state }: BudgetVerdict,
  done: readonly string[] | undefined,
  stack: string,
): string[] {
  if (state !== "over") return [];
  if (done === undefined) return ["Nothing is done: comfymulti:budgetAction is warn."];
  return [
    ...(done.length > 0 ? done.map((sentence) => `  ${sentence}`) : ["  drained already"]),
    `What is rented is billed until it is given back: npx comfymulti teardown ${stack}`,
  ];
}

function number(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < 0 || value > most) {
      throw new InvalidArgumentError(`Give a number from 0 to ${most}.`);
    }
    return value;
  };
}
