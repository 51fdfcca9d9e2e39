/**
 * An engine that is killed at random moments, and the `up` after it: nothing that costs money may
 * be there without the state knowing of it. VERDA_KILLS says how often (default 8).
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { deleteOrphan, findOrphans, VerdaClient } from "../components/verda/index.ts";
import { inventory, knownIds } from "./verda-provider/inventory.ts";
import { killedAfter, upAgain } from "./verda-provider/kill.ts";
import { SCOPE, VerdaProject } from "./verda-provider/project.ts";
import { program } from "./verda-provider/programs.ts";
import type { Changes } from "./verda-provider/programs.ts";
import { startRehearsal } from "./verda-provider/rehearsal.ts";
import type { Rehearsal } from "./verda-provider/rehearsal.ts";

const KILLS = Number(process.env["VERDA_KILLS"] ?? 8);
/** About as long as an undisturbed update of these takes. */
const MOST_MILLISECONDS = 5_000;
const ROUND_MILLISECONDS = 60_000;

/** From nothing, then to another instance and deployment, and back. */
const STEPS: readonly Changes[] = [
  {},
  { instance: { instanceType: "2V100.10V" }, image: "registry.example/worker:1.1" },
  { attached: false },
];

let rehearsal: Rehearsal;
let project: VerdaProject;
let client: VerdaClient;

beforeAll(async () => {
  rehearsal = await startRehearsal();
  project = new VerdaProject(rehearsal.credentials);
  client = new VerdaClient(rehearsal.credentials);
});
afterAll(async () => {
  project.remove();
  await rehearsal.stop();
});

test(
  `after each of ${KILLS} kills the next up knows of everything that is there`,
  { timeout: KILLS * ROUND_MILLISECONDS },
  async () => {
    let cutOff = 0;
    for (let round = 0; round < KILLS; round += 1) {
      const step = round % STEPS.length;
      const stack = await project.stack(program(STEPS[step]));
      if (step === 0) await stack.destroy();
      const moment = Math.round(Math.random() * MOST_MILLISECONDS);
      const wasCutOff = await killedAfter(project, moment, () => stack.up({ refresh: true }));
      if (wasCutOff) cutOff += 1;
      const output = await upAgain(stack);
      const known = knownIds(await project.state(stack));
      const what = `killed after ${moment} ms in step ${step}:\n${output}`;
      expect(await inventory(client), what).toEqual(known);
      expect(await findOrphans(client, SCOPE, known), what).toEqual([]);
      expect((await stack.up({ refresh: true })).summary.resourceChanges, what).toEqual({
        same: 8,
      });
    }
    expect(cutOff).toBeGreaterThan(0);
  },
);

test("an orphan whose declaration is gone is found by its tag, and destroy leaves nothing else", async () => {
  const stack = await project.stack(program());
  await stack.up({ refresh: true });
  const { resources } = await project.state(stack);
  // As when the engine died before it wrote that the instance exists, and the program dropped it.
  const instance = resources.find(({ type }) => type === "verda:index:Instance");
  await project.forget(stack, instance?.urn ?? "");
  const without = await project.stack(program({ without: "instance" }));
  await without.up({ refresh: true });
  const known = knownIds(await project.state(without));
  const orphans = await findOrphans(client, SCOPE, known);
  expect(orphans.map(({ kind }) => kind).sort()).toEqual(["instance", "volume", "volume"]);
  expect(orphans.map(({ id }) => id)).toContain(instance?.id);
  for (const orphan of orphans) await deleteOrphan(client, orphan);
  await without.destroy();
  await expect.poll(() => inventory(client)).toEqual([]);
});
