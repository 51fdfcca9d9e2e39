/**
 * Upgrades of a whole stack through the command, with the real engine and the policies, while
 * participants work: one that is killed and gone on with, one whose new version crashes, a drill and
 * a rollback. What became of jobs is counted by the participants.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { recordSchema } from "../cli/upgrade/record.ts";
import { SupervisorClient } from "../components/hosts/index.ts";
import { writeStackFile } from "./stack-file.ts";
import { Terminal } from "./terminal.ts";
import { Crowd, type Person } from "./upgrade/crowd.ts";

const STACK = "upgraded";
const PATIENCE_MS = 900_000;
const home = mkdtempSync(path.join(tmpdir(), "comfymulti-upgrade-"));
const terminal = new Terminal({ COMFYMULTI_HOME: home, COMFYMULTI_SETTINGS: home });
const services = new SupervisorClient(path.join(home, "stacks", STACK));
const settingsText = () => readFileSync(path.join(home, `Pulumi.${STACK}.yaml`), "utf8");
const settings = () =>
  z.object({ config: z.record(z.string(), z.unknown()) }).parse(parse(settingsText())).config;

const statusSchema = z.object({
  users: z.array(z.object({ id: z.string(), url: z.string(), token: z.string() })),
  workers: z.array(z.object({ name: z.string(), status: z.string(), comfyuiVersion: z.string() })),
});
let people: readonly Person[];

/** Version of each worker, as the gateway says. */
async function workerVersions(): Promise<string[]> {
  const { stdout } = await terminal.run("status", STACK, "--json");
  return statusSchema.parse(JSON.parse(stdout)).workers.map(({ comfyuiVersion }) => comfyuiVersion);
}

/** While two participants work, who see no end but a picture. */
async function whilePeopleWork<Result>(work: () => Promise<Result>): Promise<Result> {
  const crowd = new Crowd(people.slice(0, 2));
  try {
    return await work();
  } finally {
    const ends = await crowd.end();
    expect(ends.length).toBeGreaterThan(0);
    expect(ends.filter((end) => end !== "success")).toEqual([]);
  }
}

beforeAll(async () => {
  writeStackFile(home, STACK, {
    ...{ kind: "local", users: 4, workers: 2, simulationSpeed: 1000 },
    // Each is a smoke job in each phase: two show as much as five.
    templates: JSON.stringify(["example_workflow", "flux2_klein_4b_text_to_image"]),
    ...{ frontendVersion: "0.9.2", workerVersion: "0.9.2" },
  });
  const up = await terminal.run("up", STACK);
  if (up.code !== 0) throw new Error(up.text);
  people = statusSchema.parse(
    JSON.parse((await terminal.run("status", STACK, "--json")).stdout),
  ).users;
});

afterAll(async () => {
  await terminal.run("down", STACK, "--purge");
  rmSync(home, { recursive: true, force: true });
});

describe("an upgrade", () => {
  test("is refused with one sentence where it can't end well, and planned where it can", async () => {
    const before = settingsText();
    const unknown = await terminal.run("upgrade", STACK, "--to", "0.12.0", "--yes");
    expect(unknown.code).toBe(1);
    expect(unknown.text).toContain("run comfymulti capture URL");
    const ahead = await terminal.run("upgrade", STACK, "--to-worker", "0.11.1", "--yes");
    expect(ahead.code).toBe(1);
    expect(ahead.text).toContain("upgrade the frontends to 0.11.1 first");
    const plan = await terminal.run("upgrade", STACK, "--to", "0.11.1", "--dry-run");
    expect(plan.code).toBe(0);
    expect(plan.text).toMatch(/1\. frontend 0\.11\.1 for user004\n/);
    expect(`${unknown.text}${ahead.text}`).not.toContain("    at ");
    expect(settingsText()).toBe(before);
  });

  test(
    "that is killed is gone on with, and nobody's job is lost",
    async () => {
      const upgrade = ["upgrade", STACK, "--to", "0.11.1", "--watch", "2", "--yes"];
      const outcome = await whilePeopleWork(async () => {
        const killed = terminal.start(...upgrade);
        await killed.printed(/frontend-0-11-1 .*created/);
        killed.signal("SIGKILL");
        await killed.outcome;
        return await terminal.run(...upgrade, "--json");
      });
      expect(outcome.text).toContain("Going on with the upgrade");
      expect(outcome.code, outcome.text).toBe(0);
      const record = recordSchema.parse(JSON.parse(outcome.stdout));
      expect(record).toMatchObject({ status: "promoted", order: "frontends-first" });
      expect(record.phases.map(({ id, status }) => `${id} ${status}`)).toEqual([
        "frontend-canary promoted",
        "frontend-all promoted",
        "worker-canary promoted",
        "worker-all promoted",
      ]);
      for (const phase of record.phases.filter(({ id }) => id.endsWith("canary"))) {
        expect(phase.jobs).toBeGreaterThanOrEqual(10);
      }
      expect(await workerVersions()).toEqual(["0.11.1", "0.11.1"]);
      const written = settings();
      expect(written).toMatchObject({
        "comfymulti:frontendVersion": "0.11.1",
        "comfymulti:workerVersion": "0.11.1",
        "comfymulti:retained": [
          { service: "frontend", version: "0.9.2" },
          { service: "frontend", version: "0.11.1" },
          { service: "worker", version: "0.9.2" },
          { service: "worker", version: "0.11.1" },
        ],
        "comfymulti:lastBackup": { of: ["user-files"] },
      });
      expect(written).not.toHaveProperty("comfymulti:frontends");
      expect(written).not.toHaveProperty("comfymulti:workerVersions");
      for (const service of ["frontend", "worker"]) {
        expect(written["comfymulti:canaries"]).toContainEqual(
          expect.objectContaining({ service, version: "0.11.1", stack: STACK }),
        );
      }
      const again = await terminal.run(...upgrade);
      expect(again.code).toBe(1);
      expect(again.text).toContain("every frontend has 0.11.1 already");
    },
    PATIENCE_MS,
  );

  test(
    "to a version that crashes goes back by itself, and nobody's job is lost",
    async () => {
      const outcome = await whilePeopleWork(async () => {
        const bad = terminal.start(
          ...["upgrade", STACK, "--to-worker", "0.9.2", "--watch", "2", "--yes"],
        );
        await bad.printed(/smoke jobs of/);
        for (let crashes = 0; crashes < 2; crashes++) await crash("comfyui-1");
        return await bad.outcome;
      });
      expect(outcome.code, outcome.text).toBe(2);
      expect(outcome.text).toMatch(/Rolled back: .*Everything is as it was before/);
      expect(await workerVersions()).toEqual(["0.11.1", "0.11.1"]);
      const written = settings();
      expect(written).toMatchObject({ "comfymulti:workerVersion": "0.11.1" });
      expect(written).not.toHaveProperty("comfymulti:workerVersions");
      expect(written["comfymulti:canaries"]).not.toContainEqual(
        expect.objectContaining({ service: "worker", version: "0.9.2" }),
      );
    },
    PATIENCE_MS,
  );
});

describe("a rollback", () => {
  test(
    "is drilled there and forth again, and leaves the settings to the letter",
    async () => {
      const before = settingsText();
      const outcome = await whilePeopleWork(() =>
        terminal.run("rollback", STACK, "--drill", "--yes", "--json"),
      );
      expect(outcome.code, outcome.text).toBe(0);
      expect(recordSchema.parse(JSON.parse(outcome.stdout)).rollbacks).toMatchObject([
        { kind: "drill-back", lostJobs: [] },
        { kind: "drill-forth", lostJobs: [] },
      ]);
      report(outcome.text);
      expect(settingsText()).toBe(before);
      expect(await workerVersions()).toEqual(["0.11.1", "0.11.1"]);
    },
    PATIENCE_MS,
  );

  test(
    "leads to what was before the upgrade",
    async () => {
      const outcome = await whilePeopleWork(() => terminal.run("rollback", STACK, "--yes"));
      expect(outcome.code, outcome.text).toBe(0);
      report(outcome.text);
      expect(await workerVersions()).toEqual(["0.9.2", "0.9.2"]);
      expect(settings()).toMatchObject({
        "comfymulti:frontendVersion": "0.9.2",
        "comfymulti:workerVersion": "0.9.2",
      });
      const again = await terminal.run("rollback", STACK, "--yes");
      expect(again.code).toBe(1);
      expect(again.text).toContain("no upgrade to take back");
    },
    PATIENCE_MS,
  );
});

/** The line with seconds and jobs: a figure to read, no limit on a shared machine. */
function report(text: string): void {
  for (const [line] of text.matchAll(/^.*after the decision.*$/gm)) console.log(line);
}

/** Ends a service as a fault of its own would, once it runs. */
async function crash(name: string): Promise<void> {
  for (;;) {
    const service = await services.service(name);
    if (service?.status === "running" && service.pid !== undefined) {
      process.kill(service.pid, "SIGKILL");
      await pause(500);
      return;
    }
    await pause(50);
  }
}
