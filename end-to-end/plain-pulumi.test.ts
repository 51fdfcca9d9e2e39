/**
 * The ordinary way: `pulumi preview`, `up`, `destroy` in a checkout, without `comfymulti`. Proves
 * that the program is an ordinary Pulumi program; policy packs are proven in policies.test.ts,
 * because the language host that can be built here runs none.
 */
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository } from "../components/installation.ts";
import { sweep } from "../components/hosts/index.ts";
import { writeStackFile } from "./stack-file.ts";

const STACK = "plain";
const checkout = mkdtempSync(path.join(tmpdir(), "comfymulti-plain-"));
const { gatewayPort } = writeStackFile(checkout, STACK, { kind: "local", users: 1 });
const home = path.join(checkout, "home");

const environment = {
  ...process.env,
  COMFYMULTI_HOME: home,
  PULUMI_BACKEND_URL: `file://${checkout}`,
  PULUMI_CONFIG_PASSPHRASE: "of-this-test",
  PULUMI_SKIP_UPDATE_CHECK: "1",
  PATH: [process.env.COMFYMULTI_LANGUAGE_HOST, process.env.PATH].filter(Boolean).join(":"),
};

/** Its output and whether it succeeded. */
async function pulumi(...args: string[]): Promise<{ passed: boolean; text: string }> {
  const options = { cwd: checkout, env: environment, maxBuffer: 1e8 };
  try {
    const { stdout, stderr } = await promisify(execFile)(
      "pulumi",
      [...args, "--non-interactive"],
      options,
    );
    return { passed: true, text: stdout + stderr };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { passed: false, text: stdout + stderr };
  }
}

beforeAll(async () => {
  for (const entry of readdirSync(repository)) {
    if (/^(\.|Pulumi\..+\.yaml$)/.test(entry)) continue;
    if (entry === "Pulumi.yaml")
      copyFileSync(path.join(repository, entry), path.join(checkout, entry));
    else symlinkSync(path.join(repository, entry), path.join(checkout, entry));
  }
  const { passed, text } = await pulumi("stack", "init", STACK);
  expect(passed, text).toBe(true);
});

afterAll(async () => {
  await sweep(path.join(home, "stacks", STACK));
  rmSync(checkout, { recursive: true, force: true });
});

describe("plain pulumi", () => {
  it("previews, brings up and destroys the stack", async () => {
    const preview = await pulumi("preview", "--stack", STACK);
    expect(preview.passed, preview.text).toBe(true);
    expect(preview.text).toMatch(/comfymulti:app-server:QueueManager queue-manager/);

    const up = await pulumi("up", "--yes", "--skip-preview", "--stack", STACK);
    expect(up.passed, up.text).toBe(true);
    const health = await fetch(`http://127.0.0.1:${gatewayPort}/health`);
    expect(health.status).toBe(200);

    const destroy = await pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK);
    expect(destroy.passed, destroy.text).toBe(true);
    await expect(fetch(`http://127.0.0.1:${gatewayPort}/health`)).rejects.toThrow();
  });

  it("prints a fault in the settings without a stack trace", async () => {
    await pulumi("config", "set", "comfymulti:usres", "3", "--stack", STACK);
    const { passed, text } = await pulumi("preview", "--stack", STACK);
    expect(passed).toBe(false);
    expect(text).toContain("comfymulti:usres: unknown setting; did you mean comfymulti:users?");
    expect(text).not.toContain("    at ");
  });
});
