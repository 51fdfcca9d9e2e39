import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { startVerdaSimulator } from "./index.ts";
import { CLIENT, ORDER, startClient } from "./test/client.ts";

const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-verda-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("goes on after a new start where it was, with the same things, money and transitions", async () => {
  const stateFile = path.join(folder, "deep", "state.json");
  const first = await startClient({ stateFile });
  const id = await first.make("/instances", ORDER);
  first.pass(10);
  // Written at each change, so that a simulator that is killed goes on too.
  expect(statSync(stateFile).mode & 0o777).toBe(0o600);
  const before = [first.simulator.inventory(), first.simulator.balance()];
  const now = first.simulator.clock.now().getTime();
  await first.simulator.close();

  const second = await startClient({ stateFile });
  expect([second.simulator.inventory(), second.simulator.balance()]).toEqual(before);
  expect(second.simulator.clock.now().getTime()).toBeGreaterThanOrEqual(now);
  second.pass(60);
  expect(await second.ask("GET", `/instances/${id}`)).toMatchObject({ status: "running" });
  await second.simulator.close();
});

it("refuses a file that is no state, and leaves it as it is", async () => {
  const stateFile = path.join(folder, "other.json");
  writeFileSync(stateFile, '{"mine":1}');
  await expect(startVerdaSimulator({ ...CLIENT, stateFile })).rejects.toThrow(
    "is no state of this simulator: remove it to start empty, or name another.",
  );
  expect(statSync(stateFile).size).toBe(10);
});
