/** Reviews of an upgrade through the command, with the real engine: of a stack that is up. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { training } from "../workflows/compat/migrate/fixtures/training.ts";
import { writeStackFile } from "./stack-file.ts";
import { Terminal } from "./terminal.ts";

const STACK = "reviewed";
const home = mkdtempSync(path.join(tmpdir(), "comfymulti-review-"));
const terminal = new Terminal({ COMFYMULTI_HOME: home, COMFYMULTI_SETTINGS: home });
const settingsText = () => readFileSync(path.join(home, `Pulumi.${STACK}.yaml`), "utf8");

beforeAll(async () => {
  writeStackFile(home, STACK, {
    ...{ kind: "local", users: 2, workers: 1 },
    ...{ frontendVersion: "0.9.2", workerVersion: "0.9.2" },
  });
  const up = await terminal.run("up", STACK);
  if (up.code !== 0) throw new Error(up.text);
});
afterAll(async () => {
  await terminal.run("down", STACK, "--purge");
  rmSync(home, { recursive: true, force: true });
});

test("is a file for a pull request that says what would happen, and changes nothing", async () => {
  const before = settingsText();
  const out = path.join(home, "review.md");
  const reviewed = await terminal.run("review", STACK, "--to", "0.11.1", "--out", out);
  expect(reviewed.code, reviewed.text).toBe(0);
  const text = readFileSync(out, "utf8");
  expect(text).toContain("# Upgrade of reviewed: frontend 0.11.1, worker 0.11.1");
  expect(text).toContain("✅ **go**");
  expect(text).toContain("| flux2_klein_4b_text_to_image | runs |");
  expect(text).toContain("- update worker-1 (Process)");
  expect(text).toContain("- create frontend-0-11-1 (Process)");
  expect(text).not.toContain("create redis");
  expect(text).toContain("- worker 0.9.2: on this machine");
  expect(settingsText()).toBe(before);
  const status = await terminal.run("status", STACK, "--json");
  expect(status.stdout).toContain('"comfyuiVersion": "0.9.2"');
  const preview = await terminal.run("preview", STACK);
  expect(preview.text).toContain("no changes");
});

test("judges participants' own workflows, and says no where a worker would go ahead", async () => {
  const folder = path.join(home, "stacks", STACK, "userdata/user001/workflows");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "mine.json"), JSON.stringify(training));
  const healing = await terminal.run("review", STACK, "--to", "0.11.1", "--saved", "running");
  expect(healing.code, healing.text).toBe(3);
  expect(healing.text).toContain("| user001: mine.json | heals |");

  const ahead = await terminal.run("review", STACK, "--to-worker", "0.11.1", "--json");
  expect(ahead.code).toBe(1);
  expect(JSON.parse(ahead.stdout)).toMatchObject({ verdict: "no-go" });
  expect(ahead.stdout).toContain("upgrade the frontends to 0.11.1 first");

  const unknown = await terminal.run("review", STACK, "--to", "9.9.9");
  expect(unknown.code).toBe(1);
  expect(unknown.text).toContain("run comfymulti capture URL");
});
