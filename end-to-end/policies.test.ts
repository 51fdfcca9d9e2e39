/** Every rule of the pack, once kept and once broken, through the real engine and its policy host. */
import * as automation from "@pulumi/pulumi/automation/index.js";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { engineEnvironment } from "../cli/engine/environment.ts";
import { policyPacks } from "../cli/policy-packs.ts";
import { renderRedisConfig } from "../components/app-server/redis-config.ts";
import { ProcessHost, type ServiceSpec } from "../components/hosts/index.ts";
import { repository } from "../components/installation.ts";

const common: ServiceSpec = {
  version: "1",
  command: ["true"],
  workingDirectory: "/tmp",
  health: { kind: "http", url: "http://127.0.0.1:1/health" },
};
const redis = (config: string): ServiceSpec => ({
  ...common,
  secretEnvironment: { REDIS_CONFIG: config },
});
const goodRedis = renderRedisConfig({
  listenAddress: "127.0.0.1",
  port: 6390,
  dataDirectory: "/tmp/redis",
  password: "a-password-of-more-than-22-characters",
});

/** Per rule: a service that breaks it, and what the report has to say. */
const broken: readonly { rule: string; name: string; spec: ServiceSpec; says: string }[] = [
  {
    rule: "redis-durable",
    name: "redis-a",
    spec: redis(goodRedis.replace("appendfsync always", "appendfsync everysec")),
    says: 'Redis must have "appendfsync always"',
  },
  {
    rule: "redis-not-public",
    name: "redis-b",
    spec: redis(goodRedis.replace("bind 127.0.0.1", "bind 0.0.0.0")),
    says: "not 0.0.0.0",
  },
  {
    rule: "redis-not-public",
    name: "redis-c",
    spec: redis(goodRedis.replace(/requirepass .*/, "requirepass short")),
    says: "at least 22 characters",
  },
  {
    rule: "queue-depth-limited",
    name: "queue-manager",
    spec: { ...common, environment: { MAX_QUEUE_DEPTH: "50000" } },
    says: "between 1 and 1000, not 50000",
  },
  {
    rule: "timeouts-for-video",
    name: "worker-1",
    spec: {
      ...common,
      environment: { EXECUTION_TIMEOUT_SECONDS: "300", JOB_TIMEOUT_SECONDS: "1800" },
    },
    says: "EXECUTION_TIMEOUT_SECONDS must be at least 900, not 300",
  },
  {
    rule: "secrets-encrypted",
    name: "frontend",
    spec: { ...common, environment: { FRONTEND_TOKEN: "in-clear" } },
    says: "FRONTEND_TOKEN of frontend must be in secretEnvironment",
  },
];

const kept: Readonly<Record<string, ServiceSpec>> = {
  redis: redis(goodRedis),
  "queue-manager": { ...common, environment: { MAX_QUEUE_DEPTH: "100" } },
  "worker-1": {
    ...common,
    environment: { EXECUTION_TIMEOUT_SECONDS: "900", JOB_TIMEOUT_SECONDS: "1800" },
  },
  frontend: { ...common, secretEnvironment: { FRONTEND_TOKEN: "encrypted" } },
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "comfymulti-policies-"));
  const plugin = path.join(repository, "components/hosts/process/plugin");
  writeFileSync(
    path.join(folder, "Pulumi.yaml"),
    stringify({
      name: "policies",
      runtime: "nodejs",
      plugins: { providers: [{ name: "comfymulti", path: plugin }] },
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Previews a stack of these services; the engine's output, whether it passed, and each violation. */
async function preview(services: Readonly<Record<string, ServiceSpec>>) {
  const program = () => {
    const host = new ProcessHost("host", { directory: path.join(folder, "data") });
    for (const [name, spec] of Object.entries(services)) host.service(name, spec);
    return Promise.resolve({});
  };
  const stack = await automation.LocalWorkspace.createOrSelectStack(
    { stackName: "rules", projectName: "policies", program },
    {
      workDir: folder,
      envVars: {
        ...engineEnvironment(),
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "of-this-test",
      },
    },
  );
  const violations: { rule: string; message: string }[] = [];
  let passed = true;
  try {
    await stack.preview({
      policyPacks: policyPacks(),
      onEvent: ({ policyEvent }) => {
        if (policyEvent) {
          violations.push({ rule: policyEvent.policyName, message: policyEvent.message });
        }
      },
    });
  } catch {
    passed = false;
  }
  return { passed, violations };
}

describe("the policy pack", () => {
  it("lets services pass that keep every rule", async () => {
    expect(await preview(kept)).toEqual({ passed: true, violations: [] });
  });

  it("stops a preview and names rule, value and cure of everything that is broken", async () => {
    const services = Object.fromEntries(broken.map(({ name, spec }) => [name, spec]));
    const { passed, violations } = await preview(services);
    expect(passed).toBe(false);
    for (const { rule, says } of broken) {
      const messages = violations.filter((violation) => violation.rule === rule);
      expect(messages.map(({ message }) => message).join("\n"), rule).toContain(says);
    }
    expect(violations).toHaveLength(broken.length);
  });
});
