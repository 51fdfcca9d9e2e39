/** `npm run bench`: runs the benchmarks one after another and prints one table. See README.md. */
import { Command, InvalidArgumentError } from "commander";
import { browsers } from "./benchmarks/browsers.ts";
import { coldStart, coldStartWithEngine } from "./benchmarks/cold-start.ts";
import { fairness } from "./benchmarks/fairness.ts";
import { firstUp } from "./benchmarks/first-up.ts";
import { gatewayLatency } from "./benchmarks/gateway-latency.ts";
import { gatewaySubmit } from "./benchmarks/gateway-submit.ts";
import { memoryLocal } from "./benchmarks/memory-local.ts";
import { memoryWorkshop } from "./benchmarks/memory-workshop.ts";
import { modelRestore } from "./benchmarks/model-restore.ts";
import { policyOverhead } from "./benchmarks/policy-overhead.ts";
import { position } from "./benchmarks/position.ts";
import { queueLatency, queueLatencyEverysec } from "./benchmarks/queue-latency.ts";
import { queueListing } from "./benchmarks/queue-listing.ts";
import { queueThroughput, queueThroughputEverysec } from "./benchmarks/queue-throughput.ts";
import { relay } from "./benchmarks/relay.ts";
import { unchangedUp } from "./benchmarks/unchanged-up.ts";
import { warmStart } from "./benchmarks/warm-start.ts";
import { workerMemory } from "./benchmarks/worker-memory.ts";
import { workerUpload } from "./benchmarks/worker-upload.ts";
import { workerRelay } from "./benchmarks/worker-relay.ts";
import type { Benchmark, Result } from "./measurement/figure.ts";
import {
  describeMachine,
  load,
  readReport,
  renderTable,
  writeReport,
} from "./measurement/report.ts";
import { RunScope } from "./measurement/run-scope.ts";
import { merge } from "./measurement/statistics.ts";

const benchmarks: readonly Benchmark[] = [
  ...[
    queueLatency,
    queueLatencyEverysec,
    gatewayLatency,
    gatewaySubmit,
    queueListing,
    queueThroughput,
    queueThroughputEverysec,
  ],
  ...[position, fairness, browsers, relay, workerRelay, workerUpload, memoryLocal, memoryWorkshop],
  ...[workerMemory, modelRestore],
  ...[policyOverhead, firstUp, unchangedUp, warmStart, coldStart, coldStartWithEngine],
];

const scope = new RunScope();

/** @returns its figures, each the median of the repetitions */
async function measure(benchmark: Benchmark, repetitions: number): Promise<Result> {
  const all = [];
  const start = performance.now();
  for (let repetition = 0; repetition < repetitions; repetition++) {
    try {
      all.push(await benchmark.run(scope));
    } finally {
      await scope.putAway();
    }
  }
  const seconds = (performance.now() - start) / 1000 / repetitions;
  return { benchmark: benchmark.name, seconds, figures: merge(all) };
}

interface Options {
  readonly only: readonly string[];
  readonly repeat: number;
  readonly json?: string;
  readonly compare?: string;
}

async function main({ only, repeat, json, compare }: Options): Promise<void> {
  const earlier = compare === undefined ? undefined : readReport(compare);
  const chosen = benchmarks.filter(({ name, onlyWhenNamed }) =>
    only.length === 0 ? !onlyWhenNamed : only.includes(name),
  );
  const before = load();
  const machine = describeMachine();
  console.log(`\n${Object.values(machine).join(" · ")} · load ${before}`);
  const results: Result[] = [];
  for (const benchmark of chosen) {
    console.log(`  · ${benchmark.name}: ${benchmark.about}`);
    results.push(await measure(benchmark, repeat));
  }
  console.log(`\n${renderTable(results, earlier)}`);
  const report = { date: new Date().toISOString(), machine, load: { before, after: load() } };
  console.log(`load ${before} before, ${report.load.after} after`);
  if (json !== undefined) writeReport(json, { ...report, repetitions: repeat, results });
}

function benchmarkName(name: string, earlier: readonly string[]): readonly string[] {
  const names = benchmarks.map((benchmark) => benchmark.name);
  if (!names.includes(name)) throw new InvalidArgumentError(`Use one of ${names.join(", ")}.`);
  return [...earlier, name];
}

function times(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 100) return number;
  throw new InvalidArgumentError("Use a whole number from 1 to 100.");
}

const none: readonly string[] = [];
const program = new Command("npm run bench --")
  .description("Measures the platform on this machine, in stacks of its own.")
  .option("--only <name>", "this benchmark alone (may be given several times)", benchmarkName, none)
  .option("--repeat <times>", "run each several times and show medians", times, 1)
  .option("--json <file>", "write the figures there")
  .option("--compare <file>", "show ratios to figures written earlier")
  .action((options: Options) => main(options));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    console.error("\nStopped; taking down what was started …");
    void scope.putAway().finally(() => process.exit(130));
  });
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? `\n${error.message}` : error);
  process.exitCode = 1;
}
