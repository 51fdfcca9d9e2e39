/**
 * Money and diagnosis. Against the real engine, the plugin `verda` and the simulator, which bills by the
 * second: what a preview says it costs, what is really billed, and what nobody knows of. And a stack on
 * this machine through the command line: what the doctor finds and cures, whose links open, whose log it
 * is.
 */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { judgeSpent } from "../cli/cost/budget.ts";
import { forecast } from "../cli/cost/forecast.ts";
import { emptyLedger, remember, spentOf } from "../cli/cost/ledger.ts";
import { observe } from "../cli/cost/observe.ts";
import { priceOfPreview } from "../cli/cost/price-of-preview.ts";
import { resourcesOfPreview, resourcesOfState } from "../cli/cost/resources.ts";
import { costSettings } from "../cli/cost/settings.ts";
import { deleteOrphans, orphansOf } from "../cli/doctor/checks/orphans.ts";
import { changedText } from "../cli/upgrade/settings-file.ts";
import { SupervisorClient } from "../components/hosts/index.ts";
import { prices, VerdaClient, type Prices } from "../components/verda/index.ts";
import { parseSettings } from "../stacks/settings.ts";
import { writeStackFile } from "./stack-file.ts";
import { Terminal } from "./terminal.ts";
import { SCOPE, VerdaProject } from "./verda-provider/project.ts";
import { program, type Changes } from "./verda-provider/programs.ts";
import { startRehearsal, type Rehearsal } from "./verda-provider/rehearsal.ts";

const settings = parseSettings("test", {
  "comfymulti:kind": "local",
  "comfymulti:users": "20",
  "comfymulti:budget": '{"currency": "USD", "amount": 100}',
});
const MS_AN_HOUR = 3_600_000;
/** The simulator bills each resource by itself, and rounds. */
const CENT = 0.01;
const DAY_MS = 24 * MS_AN_HOUR;

describe("at Verda", () => {
  let rehearsal: Rehearsal;
  let project: VerdaProject;
  let client: VerdaClient;
  let list: Prices;

  beforeAll(async () => {
    rehearsal = await startRehearsal();
    project = new VerdaProject(rehearsal.credentials);
    client = new VerdaClient(rehearsal.credentials);
    list = await prices(client);
  });
  afterAll(async () => {
    project.remove();
    await rehearsal.stop();
  });

  const machine = (type: string) =>
    list.instances.find(({ instanceType }) => instanceType === type);
  const gbHour = (type: string) => list.volumes.find((one) => one.type === type)?.perHour ?? 0;

  async function preview(changes: Changes): Promise<EngineEvent[]> {
    const stack = await project.stack(program(changes));
    const events: EngineEvent[] = [];
    await stack.preview({ refresh: true, onEvent: (event) => void events.push(event) });
    return events;
  }

  async function stateNow() {
    const stack = await project.stack(program());
    return resourcesOfState((await stack.exportStack()).deployment);
  }

  describe("a preview", () => {
    test("of a stack that is not there is priced as Verda's list says", async () => {
      const events = await preview({});
      const { before, after } = resourcesOfPreview(events);
      expect(before.filter(({ type }) => type.startsWith("verda:"))).toEqual([]);
      const { perHour, notCounted } = forecast(after, list, {
        ...{ settings: costSettings(settings), hours: 24 },
      });
      const replica = list.containers.find(({ name }) => name === "H200")?.perHour ?? 0;
      const fixed =
        (machine("1V100.6V")?.perHour ?? 0) +
        // The machine's own two disks, the disk beside it, and the shared filesystem.
        (100 + 100 + 50) * gbHour("NVMe") +
        200 * gbHour("NVMe_Shared");
      expect(notCounted).toEqual([]);
      expect(perHour.USD?.low).toBeCloseTo(fixed + replica, 8);
      expect(perHour.USD?.high).toBeCloseTo(fixed + 2 * replica, 8);

      const text = await priceOfPreview(events, { settings, client });
      expect(text).toContain("1V100.6V");
      expect(text).toContain(`+${(fixed + 2 * replica).toFixed(4)} USD an hour compared with now`);
    });

    test("without Verda's list has one line in place of prices", async () => {
      const { simulator } = rehearsal;
      simulator.inject({ method: "GET", path: "/instance-types", kind: "error-500", times: 10 });
      const text = await priceOfPreview(await preview({}), { settings, client });
      simulator.clearFaults();
      expect(text).toMatch(/^Without prices: Verda, GET \/instance-types/);
      expect(text.split("\n")).toHaveLength(1);
    });
  });

  describe("a day", () => {
    test("costs what was forecast, and what is counted as spent is what the account lost", async () => {
      const { simulator } = rehearsal;
      const full = simulator.balance();
      await (await project.stack(program())).up({ refresh: true });
      const resources = await stateNow();
      const first = { balance: simulator.balance(), at: simulator.clock.now() };
      simulator.clock.advance(DAY_MS);
      const billed = first.balance - simulator.balance();
      const now = simulator.clock.now();
      const hours = (now.getTime() - first.at.getTime()) / MS_AN_HOUR;
      const { total } = forecast(resources, list, { settings: costSettings(settings), hours });
      // One step of ten minutes of a replica may have begun before.
      const step = (list.containers.find(({ name }) => name === "H200")?.perHour ?? 0) / 6;
      expect(billed).toBeGreaterThan((total.USD?.low ?? Infinity) - step - CENT);
      expect(billed).toBeLessThanOrEqual(total.USD?.high ?? 0);
      expect(billed / (total.USD?.low ?? 1)).toBeCloseTo(1, 1);

      const seen = await observe(client, SCOPE, resources, now);
      const spent = spentOf(remember(emptyLedger, seen), 0);
      const lost = full - (seen.balance?.amount ?? 0);
      expect(seen.things).not.toEqual({});
      expect(Math.abs((spent.total.USD?.high ?? 0) - lost)).toBeLessThan(lost / 50);
      expect(
        judgeSpent(spent.total, { exchangeRates: {}, budget: { currency: "USD", amount: 1 } }),
      ).toMatchObject({ state: "over" });
    });

    test("is cheaper by what a change takes away, and the preview says by how much", async () => {
      const text = await priceOfPreview(await preview({ without: "instance" }), {
        settings,
        client,
      });
      const less = (machine("1V100.6V")?.perHour ?? 0) + 200 * gbHour("NVMe");
      expect(text).toContain(`-${less.toFixed(4)} USD an hour compared with now`);
      expect(await priceOfPreview(await preview({}), { settings, client })).toContain(
        "As much an hour as now.",
      );
    });
  });

  describe("an orphan", () => {
    const orphans = async () => await orphansOf(client, SCOPE, await stateNow());
    const forget = async (name: string) => {
      const stack = await project.stack(program());
      const resource = (await stateNow()).find((one) => one.name === name);
      if (!resource) throw new Error(`${name} is not in the state`);
      await project.forget(stack, resource.urn);
    };

    test("is what carries the stack's tag and is not in its state; an update adopts it", async () => {
      await (await project.stack(program())).up();
      expect(await orphans()).toEqual([]);
      const instances = (await client.instances()).map(({ id }) => id);
      await forget("worker");
      const found = await orphans();
      expect(found.map(({ kind }) => kind)).toContain("instance");
      expect(found.every(({ isBillable }) => isBillable)).toBe(true);

      await (await project.stack(program())).up();
      expect(await orphans()).toEqual([]);
      expect((await client.instances()).map(({ id }) => id)).toEqual(instances);
    });

    test("is deleted for good where nobody wants it", async () => {
      await forget("disk");
      const [disk, ...others] = await orphans();
      expect(disk).toMatchObject({ kind: "volume", isBillable: true, isInTrash: false });
      expect(others).toEqual([]);
      await deleteOrphans(client, await orphans(), () => undefined);
      expect(await orphans()).toEqual([]);
      const left = [...(await client.volumes()), ...(await client.volumesInTrash())];
      expect(left.map(({ id }) => id)).not.toContain(disk?.id);
    });
  });
});

describe("on this machine", () => {
  const STACK = "examined";
  const home = mkdtempSync(path.join(tmpdir(), "comfymulti-examined-"));
  const terminal = new Terminal({ COMFYMULTI_HOME: home, COMFYMULTI_SETTINGS: home });
  const linksSchema = z.object({
    users: z.array(z.object({ id: z.string(), link: z.url() })),
    revoked: z.array(z.string()),
  });
  const doctorSchema = z.object({
    isFine: z.boolean(),
    checks: z.array(z.object({ check: z.string(), findings: z.array(z.unknown()) })),
  });
  const change = (settings: Readonly<Record<string, unknown>>) => {
    const file = path.join(home, `Pulumi.${STACK}.yaml`);
    writeFileSync(file, changedText(readFileSync(file, "utf8"), settings));
  };
  const run = async (...command: string[]) => {
    const { code, text, stdout } = await terminal.run(...command);
    if (code !== 0) throw new Error(text);
    return stdout;
  };
  const links = async () => linksSchema.parse(JSON.parse(await run("users", STACK, "--json")));
  const status = async (link: string) => (await fetch(link, { redirect: "manual" })).status;
  const workerPid = async () =>
    (await new SupervisorClient(path.join(home, "stacks", STACK)).service("worker-1"))?.pid;

  beforeAll(async () => {
    writeStackFile(home, STACK, { kind: "local", users: 3, workers: 1 });
    await run("up", STACK);
  });
  afterAll(async () => {
    await terminal.run("down", STACK, "--purge");
    rmSync(home, { recursive: true, force: true });
  });

  test("the doctor finds nothing at first, then what a changed setting left, and cures it", async () => {
    const { isFine, checks } = doctorSchema.parse(JSON.parse(await run("doctor", STACK, "--json")));
    expect(isFine).toBe(true);
    expect(checks.map(({ check }) => check)).toEqual(
      expect.arrayContaining(["settings", "drift", "services", "versions", "personal links"]),
    );

    change({ maxQueueDepth: 50 });
    const { code, text } = await terminal.run("doctor", STACK, "--fix");
    expect(code, text).toBe(0);
    expect(text).toContain("queue-manager differs.");
    expect(text).toContain(`→ npx comfymulti up ${STACK} puts it right.`);
    expect(text).toContain("Nothing needs a cure.");
  });

  test("faults in the settings are told, each with a cure", async () => {
    change({ maxQueueDepth: 0 });
    const { code, text } = await terminal.run("doctor", STACK);
    change({ maxQueueDepth: 50 });
    expect(code).toBe(1);
    expect(text).toContain("comfymulti:maxQueueDepth: ");
    expect(text).toContain("docs/configuration.md");
  });

  test("a new link is one person's alone, a revoked one opens nothing, and workers go on", async () => {
    const [first, second, third] = (await links()).users.map(({ link }) => link);
    const pid = await workerPid();
    change({ users: 4, revokedUsers: ["user003"] });
    const told = await run("users", "rotate", STACK, "user002");
    expect(told).toMatch(/user002 +│ http/);
    expect(told).not.toMatch(/user001 +│ http/);

    const { users, revoked } = await links();
    expect(users.map(({ id }) => id)).toEqual(["user001", "user002", "user004"]);
    expect(revoked).toEqual(["user003"]);
    expect(users[0]?.link).toBe(first);
    expect(await Promise.all(users.map(({ link }) => status(link)))).not.toContain(401);
    expect(await status(second ?? "")).toBe(401);
    expect(await status(third ?? "")).toBe(401);
    expect(await workerPid()).toBe(pid);

    const sheet = path.join(home, "links.html");
    const csv = path.join(home, "links.csv");
    await run("users", STACK, "--csv", csv, "--sheet", sheet);
    expect(readFileSync(csv, "utf8")).toContain(`user001,${first}\r\n`);
    expect(readFileSync(sheet, "utf8").match(/<svg/g)).toHaveLength(3);
  });

  test("logs are prefixed by service, and hold no token", async () => {
    const { users } = await links();
    const all = await run("logs", STACK, "--lines", "1000");
    expect(all).toMatch(/^worker-1 +│ .*worker ready/m);
    expect(all).toMatch(/^redis +│ /m);
    for (const { link } of users) {
      expect(all).not.toContain(new URL(link).searchParams.get("token"));
    }
    const some = await run("logs", STACK, "redis", "-n", "1");
    expect(some.trim().split("\n")).toHaveLength(1);
  });
});
