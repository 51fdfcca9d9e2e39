/**
 * Verda's resources through the real engine, the real plugin and the simulator: what a stack goes
 * through from its first `up` to `destroy`. What an engine that is killed leaves behind:
 * `verda-provider-killed.test.ts`.
 */
import type { PulumiFn, UpResult } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findOrphans, VerdaClient } from "../components/verda/index.ts";
import type { InstanceAnswer, VolumeAnswer } from "../components/verda/client/index.ts";
import { importProgram, makeByHand } from "./verda-provider/import.ts";
import { inventory, knownIds } from "./verda-provider/inventory.ts";
import { failureOf, SCOPE, VerdaProject } from "./verda-provider/project.ts";
import { program, SECRET_VALUE } from "./verda-provider/programs.ts";
import type { Changes } from "./verda-provider/programs.ts";
import { startRehearsal } from "./verda-provider/rehearsal.ts";
import type { Rehearsal } from "./verda-provider/rehearsal.ts";

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

async function up(run: PulumiFn | Changes = {}): Promise<UpResult> {
  const stack = await project.stack(typeof run === "function" ? run : program(run));
  return await stack.up({ refresh: true });
}

const changesOf = async (run: PulumiFn | Changes = {}) => (await up(run)).summary.resourceChanges;

async function worker(): Promise<InstanceAnswer> {
  const [instance, ...others] = await client.instances();
  if (!instance || others.length > 0) throw new Error("there should be exactly one instance");
  return instance;
}

async function volume(name: string): Promise<VolumeAnswer> {
  const found = (await client.volumes()).filter((each) => each.name.startsWith(`${name}-cm-`));
  const [one] = found;
  if (!one || found.length > 1) throw new Error(`there should be exactly one volume ${name}`);
  return one;
}

async function expectStateToBeAll(): Promise<void> {
  const stack = await project.stack(program());
  expect(await inventory(client)).toEqual(knownIds(await project.state(stack)));
}

describe("a stack", () => {
  test("goes up, with an instance that runs and a deployment that is healthy", async () => {
    const { summary, outputs } = await up();
    expect(summary.resourceChanges).toEqual({ create: 8 });
    const instance = await worker();
    expect(instance).toMatchObject({ status: "running", hostname: "worker-1", location: "FIN-01" });
    expect(outputs["ip"]?.value).toBe(instance.ip);
    expect(outputs["endpoint"]?.value).toContain("comfyui-worker");
    expect((await client.deploymentStatus("comfyui-worker")).status).toBe("healthy");
    await expectStateToBeAll();
  });

  test("keeps the secret's value out of its state's clear text", () => {
    const state = project.storedText();
    expect(state).toContain("hf-token");
    expect(state).not.toContain(SECRET_VALUE);
  });

  test("stays as it is when nothing changed", async () => {
    expect(await changesOf()).toEqual({ same: 8 });
  });

  test("has no orphans, and without its state has nothing else", async () => {
    const stack = await project.stack(program());
    const known = knownIds(await project.state(stack));
    expect(await findOrphans(client, SCOPE, known)).toEqual([]);
    const all = await findOrphans(client, SCOPE, []);
    expect(all.map(({ id }) => id).sort()).toEqual(known);
  });
});

describe("in place", () => {
  test("a shared filesystem is detached from a running instance, and attached", async () => {
    const { id } = await worker();
    expect(await changesOf({ attached: false })).toEqual({ same: 7, update: 1 });
    expect((await volume("models")).instances).toEqual([]);
    expect(await changesOf()).toEqual({ same: 7, update: 1 });
    expect((await volume("models")).instances).toMatchObject([{ id }]);
    expect(await worker()).toMatchObject({ id, status: "running" });
  });

  test("a volume is renamed and grows", async () => {
    const before = await volume("disk");
    await up({ disk: { name: "data", size: 80 } });
    expect(await volume("data")).toMatchObject({ id: before.id, size: 80 });
    await up({ disk: { size: 80 } });
    expect(await volume("disk")).toMatchObject({ id: before.id, size: 80 });
  });

  test("a smaller volume is refused at preview, in a sentence", async () => {
    const stack = await project.stack(program({ disk: { size: 10 } }));
    expect(await failureOf(stack.preview())).toContain(
      "volume disk has 80 GB and can't shrink to 10: declare 80 or more",
    );
  });

  test("a deployment changes image, environment, scaling, compute and kind", async () => {
    const { created_at } = await client.deployment("comfyui-worker");
    const changes: Changes = {
      disk: { size: 80 },
      image: "registry.example/worker:1.1",
      environment: "changed",
      deployment: {
        isSpot: true,
        compute: { name: "H200", size: 2 },
        scaling: { minReplicaCount: 1, maxReplicaCount: 4 },
      },
    };
    expect(await changesOf(changes)).toEqual({ same: 7, update: 1 });
    const now = await client.deployment("comfyui-worker");
    expect(now).toMatchObject({ created_at, is_spot: true, compute: { name: "H200", size: 2 } });
    expect(now.containers[0]?.image).toBe("registry.example/worker:1.1");
    expect(now.containers[0]?.env).toContainEqual({
      name: "MODE",
      value_or_reference_to_secret: "changed",
      type: "plain",
    });
    expect(await client.scaling("comfyui-worker")).toMatchObject({ max_replica_count: 4 });
    expect(await changesOf(changes)).toEqual({ same: 8 });
  });

  test("a secret gets another value under its name", async () => {
    const [before] = await client.secrets();
    expect(await changesOf({ disk: { size: 80 }, secret: "another" })).toMatchObject({ update: 2 });
    expect((await client.secrets()).map(({ name }) => name)).toEqual([before?.name]);
  });

  test("more locations for an instance are no reason to move it", async () => {
    const { id } = await worker();
    await up({ disk: { size: 80 }, instance: { locationCodes: ["FIN-02", "FIN-01"] } });
    expect((await worker()).id).toBe(id);
  });
});

describe("another instance", () => {
  test("is made for another type, and the old one goes with its disks alone", async () => {
    const before = await worker();
    const changes = { disk: { size: 80 }, instance: { instanceType: "2V100.10V" } };
    expect(await changesOf(changes)).toMatchObject({ replace: 1 });
    const after = await worker();
    expect(after).toMatchObject({ instance_type: "2V100.10V", status: "running" });
    expect(after.id).not.toBe(before.id);
    await expectStateToBeAll();
  });

  test("is refused at preview for a type that Verda does not have", async () => {
    const stack = await project.stack(
      program({ disk: { size: 80 }, instance: { instanceType: "3V100.10V" } }),
    );
    const failure = await failureOf(stack.preview());
    expect(failure).toContain("property instanceType");
    expect(failure).toContain("Verda has no such type");
  });
});

describe("what was changed by hand", () => {
  const changes: Changes = { disk: { size: 80 } };
  beforeAll(() => up(changes), 120_000);

  test("is put right: an instance shut down, a filesystem detached, a volume renamed", async () => {
    const { id } = await worker();
    const { id: models } = await volume("models");
    await client.actOnVolume({ id: models, action: "detach", instance_id: id });
    await client.actOnVolume({ id: (await volume("disk")).id, action: "rename", name: "mine" });
    await client.actOnInstance({ id, action: "shutdown" });
    await expect.poll(async () => (await worker()).status).toBe("offline");
    expect(await changesOf(changes)).toMatchObject({ update: 2 });
    expect(await worker()).toMatchObject({ id, status: "running" });
    expect((await volume("models")).instances).toMatchObject([{ id }]);
    expect(await volume("disk")).toMatchObject({ size: 80 });
  });

  test("is put right: a deployment's scaling, and a paused one", async () => {
    const scaling = await client.scaling("comfyui-worker");
    await client.patchScaling("comfyui-worker", { ...scaling, max_replica_count: 9 });
    await client.pauseDeployment("comfyui-worker");
    expect(await changesOf(changes)).toMatchObject({ update: 1 });
    expect(await client.scaling("comfyui-worker")).toMatchObject({ max_replica_count: 2 });
    expect((await client.deploymentStatus("comfyui-worker")).status).toBe("healthy");
  });

  test("is made again: an instance, a secret, a deployment and a disk that were deleted", async () => {
    const { id } = await worker();
    await client.actOnInstance({ id, action: "delete", volume_ids: [] });
    await client.deleteDeployment("comfyui-worker");
    for (const { name } of await client.secrets()) await client.deleteSecret(name);
    await client.deleteVolume((await volume("disk")).id, true);
    await expect.poll(async () => (await client.instances()).length).toBe(0);
    expect(await changesOf(changes)).toMatchObject({ create: 4 });
    expect((await worker()).id).not.toBe(id);
    // The disks that the deletion by hand left behind, billed, are gone as well.
    await expectStateToBeAll();
  });

  test("is refused in a sentence: a volume grown beyond what is declared", async () => {
    const { id } = await volume("disk");
    await client.actOnVolume({ id, action: "resize", size: 120 });
    expect(await failureOf(up(changes))).toContain("has 120 GB and can't shrink to 80");
  });
});

test("destroy leaves nothing on Verda", async () => {
  const stack = await project.stack(program());
  await stack.destroy();
  expect(await inventory(client)).toEqual([]);
});

test("what was made by hand is imported, kept, and destroyed as declared", async () => {
  const made = await makeByHand(client);
  const imported = importProgram(made);
  expect(await changesOf(imported)).toEqual({ create: 1, import: 4 });
  expect(await changesOf(imported)).toEqual({ same: 5 });
  expect(await inventory(client)).toEqual(
    knownIds(await project.state(await project.stack(imported))),
  );
  await (await project.stack(imported)).destroy();
  // A volume that is not declared with `purge` can still be restored.
  expect(await inventory(client)).toEqual([made.volume]);
  expect((await client.volumesInTrash()).map(({ id }) => id)).toEqual([made.volume]);
  await client.deleteVolume(made.volume, true);
  expect(await inventory(client)).toEqual([]);
});

test("without credentials an update ends with a sentence that says what to set", async () => {
  const poor = new VerdaProject({ ...rehearsal.credentials, clientId: "", clientSecret: "" });
  try {
    const stack = await poor.stack(program());
    await stack.preview();
    expect(await failureOf(stack.up())).toContain(
      "there are no Verda credentials: set VERDA_CLIENT_ID and VERDA_CLIENT_SECRET",
    );
  } finally {
    poor.remove();
  }
});
