/** The example stacks of the cloud live through their lives, by the real engine, under the policies. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { lifeReportSchema } from "../cli/rehearse/life-report.ts";

const cli = fileURLToPath(new URL("../cli/comfymulti.mjs", import.meta.url));
const reportSchema = z.object({ good: z.boolean(), life: lifeReportSchema });

async function rehearse(stack: string) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [cli, "rehearse", stack, "--only", "life", "--json"],
    // A fault is in the report, which says more than an exit code.
    { maxBuffer: 10_000_000 },
  ).catch((error: { stdout: string; stderr: string }) => {
    if (error.stdout === "") throw new Error(error.stderr);
    return error;
  });
  const { life } = reportSchema.parse(JSON.parse(stdout));
  // Figures to read, no limits on a shared machine.
  for (const { name, seconds, changes, resources } of life.results) {
    console.log(`${stack}: ${name}: ${changes} of ${resources} resources, ${seconds.toFixed(1)} s`);
  }
  return life;
}

test(
  "the workshop comes up, follows one editor and one worker to another version, and goes",
  { timeout: 900_000 },
  async () => {
    const { good, results, kept, billed } = await rehearse("workshop");
    expect(
      results.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name}: ${fault}`])),
    ).toEqual([]);
    expect(good).toBe(true);
    expect(results.map(({ name }) => name)).toEqual([
      "preview",
      "up",
      "up again",
      "user020's editor to 0.11.1",
      "all editors, worker-1 to 0.11.1",
      "all as the settings say",
      "queue-manager-1 lost",
      "destroy",
    ]);
    // Buckets and disks are protected; a teardown, not a destroy, gives the disks back.
    expect(kept.filter((thing) => thing.includes("R2Bucket)"))).toHaveLength(4);
    expect(billed.filter((thing) => thing.includes("instance"))).toEqual([]);
    expect(billed.every((thing) => thing.includes("volume"))).toBe(true);
  },
);

test(
  "staging gets a new machine when Verda takes its spot machine back",
  { timeout: 900_000 },
  async () => {
    const { good, results } = await rehearse("staging");
    expect(
      results.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name}: ${fault}`])),
    ).toEqual([]);
    expect(good).toBe(true);
    expect(results.map(({ name }) => name)).toContain("worker-1's machine taken back");
  },
);
