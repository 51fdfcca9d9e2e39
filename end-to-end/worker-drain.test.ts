/**
 * Proves with the real engine that a worker drains before what it runs in is replaced or destroyed,
 * and that an update stops, with everything in place, while its job goes on. A token stands for the
 * container, and a small server for the queue manager's admin API.
 */
import * as automation from "@pulumi/pulumi/automation/index.js";
import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WorkerDrain } from "../components/gpu/index.ts";
import { Token } from "../components/secrets/index.ts";
import { repository } from "../components/installation.ts";

let home: string;
let server: FastifyInstance;
let url: string;
let jobId: string | undefined;
let drained: number;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "worker-drain-"));
  await writeFile(
    path.join(home, "Pulumi.yaml"),
    JSON.stringify({
      name: "worker-drain-test",
      runtime: "nodejs",
      plugins: {
        providers: [
          { name: "comfymulti", path: path.join(repository, "components/hosts/process/plugin") },
        ],
      },
    }),
  );
  jobId = undefined;
  drained = 0;
  server = fastify();
  server.get("/api/v1/workers", () => ({
    workers: [{ name: "worker-1", status: drained > 0 ? "draining" : "idle", jobId }],
  }));
  server.post("/api/v1/workers/worker-1/drain", () => {
    drained += 1;
    return { sent: true };
  });
  url = await server.listen({ host: "127.0.0.1", port: 0 });
});

afterEach(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

const program = (image: string) => async () => {
  const container = new Token("container", { keepers: { image } }, { deleteBeforeReplace: true });
  new WorkerDrain("drain", {
    worker: "worker-1",
    runs: container.id,
    queueManagerUrl: url,
    adminToken: "an-admin-token",
    timeoutSeconds: 1,
  });
};

async function stackOf(image: string): Promise<automation.Stack> {
  return await automation.LocalWorkspace.createOrSelectStack(
    { stackName: "test", projectName: "worker-drain-test", program: program(image) },
    {
      workDir: home,
      envVars: {
        COMFYMULTI_NODE: process.execPath,
        PULUMI_HOME: path.join(home, "pulumi"),
        PULUMI_BACKEND_URL: `file://${home}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "1",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      },
    },
  );
}

/** Names of what was deleted, in their order. */
function deletions() {
  const names: string[] = [];
  const onEvent = ({ resOutputsEvent }: automation.EngineEvent) => {
    const metadata = resOutputsEvent?.metadata;
    if (metadata?.op.startsWith("delete")) names.push(metadata.urn.split("::").at(-1) ?? "");
  };
  return { names, onEvent };
}

test("a worker drains before its container is replaced, and before it is destroyed", async () => {
  await (await stackOf("worker:1")).up();
  expect(drained).toBe(0);

  const replaced = deletions();
  await (await stackOf("worker:2")).up({ onEvent: replaced.onEvent });
  expect(drained).toBe(1);
  expect(replaced.names).toEqual(["drain", "container"]);

  drained = 0;
  const destroyed = deletions();
  await (await stackOf("worker:2")).destroy({ onEvent: destroyed.onEvent });
  expect(drained).toBe(1);
  expect(destroyed.names.slice(0, 2)).toEqual(["drain", "container"]);
});

test("a job that does not end in time keeps its container, and the next update goes on", async () => {
  const first = await stackOf("worker:1");
  await first.up();
  const before = await first.exportStack();
  jobId = "job-1";
  const second = await stackOf("worker:2");
  await expect(second.up()).rejects.toThrow("worker-1 still runs job-1 after 1 s");
  expect(tokenOf(await second.exportStack())).toEqual(tokenOf(before));

  jobId = undefined;
  await second.up();
  expect(tokenOf(await second.exportStack())).not.toEqual(tokenOf(before));
  await second.destroy();
});

function tokenOf({ deployment }: automation.Deployment): unknown {
  const { resources } = deployment as { resources: { type: string; id?: string }[] };
  return resources.find(({ type }) => type === "comfymulti:index:Token")?.id;
}
