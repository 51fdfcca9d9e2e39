/** What a workshop learns from the staging stack beside it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { repository } from "../../components/installation.ts";

const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-staging-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = "2026-11-20T10:00:00Z";
const trial = { service: "worker", version: "0.11.1", stack: "before", at, jobs: 12 } as const;

test("trials of a staging stack's own are found in its file; others and broken files are passed over", async () => {
  vi.stubEnv("COMFYMULTI_SETTINGS", folder);
  const { changedText } = await import("./settings-file.ts");
  const { trialsOnStaging } = await import("./staging.ts");
  const write = (stack: string, from: string, changes: Readonly<Record<string, unknown>>) => {
    const text = readFileSync(path.join(repository, `Pulumi.${from}.yaml`), "utf8");
    writeFileSync(path.join(folder, `Pulumi.${stack}.yaml`), changedText(text, changes));
  };
  write("before", "staging", { canaries: [trial, { ...trial, stack: "other" }] });
  write("home", "local", { canaries: [{ ...trial, stack: "home" }] });
  write("broken", "staging", { canaries: "many" });
  write("day", "workshop", {});
  writeFileSync(path.join(folder, "Pulumi.yaml"), "name: comfymulti\n");
  expect(trialsOnStaging("day")).toEqual([trial]);
});

test("trials of the wanted version join a workshop's records, once", async () => {
  const { withTrials } = await import("./staging.ts");
  const own = { ...trial, stack: "day" };
  const other = { ...trial, version: "0.9.2" };
  const joined = withTrials([own], [trial, other], { worker: "0.11.1" });
  expect(joined).toEqual([own, trial]);
  expect(withTrials(joined, [trial], { worker: "0.11.1" })).toEqual(joined);
});

test("a workshop is told what no staging stack has tried", async () => {
  const { untriedText } = await import("./staging.ts");
  const targets = { frontend: "0.11.1", worker: "0.11.1" };
  expect(untriedText({ kind: "workshop" }, [trial], targets)).toEqual([
    "No staging stack has tried frontend 0.11.1: better first npx comfymulti upgrade staging --to-frontend 0.11.1.",
  ]);
  expect(untriedText({ kind: "local" }, [], targets)).toEqual([]);
});
