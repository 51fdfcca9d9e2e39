/** The stand-in provider plugins, driven by the real engine. */
import * as cloudflare from "@pulumi/cloudflare";
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readInventory, SECRET, setFaults } from "../rehearsal/stand-ins/index.ts";
import { StandInProject, type Run } from "./stand-ins/project.ts";

interface Wishes {
  readonly memory: number;
  readonly image: string;
}

/** One container with its network, a key, a bucket and a command. */
function program({ memory, image }: Wishes) {
  const network = new docker.Network("internal", { internal: true });
  const key = new tailscale.TailnetKey("worker-key", { tags: ["tag:worker"] });
  const container = new docker.Container("queue", {
    name: "queue",
    image,
    memory,
    envs: [pulumi.interpolate`KEY=${key.key}`],
    ports: [{ internal: 80, external: 8080 }],
    networksAdvanced: [{ name: network.name }],
  });
  new cloudflare.R2Bucket("vault", { accountId: "account", name: "vault", jurisdiction: "eu" });
  new command.remote.Command("prepare", {
    connection: { host: "app.test", password: pulumi.secret("sesame") },
    create: pulumi.interpolate`echo ${container.name}`,
  });
}

const wishes = { memory: 512, image: "queue:1" };
const project = new StandInProject();
afterAll(() => project.remove());

const made = (name: string) => project.made().find((entry) => entry.name === name);

describe("a stack on stand-ins", () => {
  let first: Run;

  beforeAll(async () => {
    first = await project.run("up", () => program(wishes));
  });

  it("comes up, and the inventory shows all that was made", () => {
    expect(first.succeeded, first.output).toBe(true);
    expect(
      project
        .made()
        .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
        .sort(),
    ).toEqual([
      "Command prepare",
      "Container queue",
      "Network internal",
      "R2Bucket vault",
      "TailnetKey worker-key",
    ]);
    expect(made("vault")).toMatchObject({
      id: "vault",
      properties: { jurisdiction: "eu", location: "WEUR" },
    });
    // A name that the program leaves out is made of the resource's own, as the real ones do.
    expect(made("internal")?.properties["name"]).toMatch(/^internal-[0-9a-f]{7}$/);
    expect(made("queue")?.properties["networksAdvanced"]).toEqual([
      { name: made("internal")?.properties["name"] },
    ]);
  });

  it("has no secret's text in the inventory", () => {
    expect(made("worker-key")?.properties["key"]).toBe(SECRET);
    expect(JSON.stringify(made("queue")?.properties["envs"])).toContain(SECRET);
    const text = JSON.stringify(readInventory(project.folder));
    expect(text).not.toContain("tskey-");
    expect(text).not.toContain("sesame");
  });

  it("does nothing when nothing changed, refreshed or not", async () => {
    expect((await project.run("up", () => program(wishes))).changes).toEqual({ same: 6 });
    expect((await project.run("refresh", () => program(wishes))).changes).toEqual({ same: 6 });
    expect((await project.run("up", () => program(wishes))).changes).toEqual({ same: 6 });
  });

  it("updates in place what can be updated, and replaces what cannot", async () => {
    const id = made("queue")?.id;
    const more = { ...wishes, memory: 1024 };
    expect((await project.run("up", () => program(more))).changes).toEqual({ same: 5, update: 1 });
    expect(made("queue")).toMatchObject({ id, properties: { memory: 1024 } });
    const next = { ...more, image: "queue:2" };
    expect((await project.run("up", () => program(next))).changes).toEqual({ same: 5, replace: 1 });
    expect(made("queue")?.id).not.toBe(id);
    expect(project.made()).toHaveLength(5);
    await project.run("up", () => program(wishes));
  });
});

describe("inputs that the real provider would refuse", () => {
  class AnyResource extends pulumi.CustomResource {}
  const refusing = (type: string, inputs: Readonly<Record<string, unknown>>) =>
    project.run("preview", () => void new AnyResource(type, "refused", { ...inputs }), {
      stack: "refusing",
    });
  const container = "docker:index/container:Container";

  it.each([
    ["a misspelt property", container, { image: "a", memry: 5 }, /memry.*did you mean memory\?/s],
    [
      "a misspelt property in a list of objects",
      container,
      { image: "a", ports: [{ internal: 80 }, { internl: 81 }] },
      /ports\[1\]\.internl.*did you mean internal\?/s,
    ],
    [
      "a value of another type",
      container,
      { image: "a", memory: "much" },
      /memory.*expected number/s,
    ],
    ["a missing property", container, { memory: 5 }, /image.*is required/s],
    [
      "a value that is none of those that exist",
      "cloudflare:index/r2Bucket:R2Bucket",
      { accountId: "a", name: "b", jurisdiction: "mars" },
      /jurisdiction.*"eu"/s,
    ],
    ["an unknown type", "docker:index/pod:Pod", {}, /no resource type docker:index\/pod:Pod/],
  ])("are told at preview: %s", async (_what, type, inputs, message) => {
    const { succeeded, output } = await refusing(type, inputs);
    expect(succeeded).toBe(false);
    expect(output).toMatch(message);
  });
});

describe("functions", () => {
  it("answer with what is declared, and refuse what is not", async () => {
    const asking = (token: string, inputs: object) =>
      project.run(
        "preview",
        () => {
          const found = pulumi.output(pulumi.runtime.invoke(token, inputs));
          const digest = found.apply((each: { sha256Digest?: string }) => each.sha256Digest);
          const image = pulumi.interpolate`nginx@${digest.apply((text) => text ?? "")}`;
          new docker.RemoteImage("nginx", { name: image });
        },
        { stack: "functions" },
      );
    const registry = "docker:index/getRegistryImage:getRegistryImage";
    const answered = await asking(registry, { name: "nginx:1" });
    expect(answered.succeeded, answered.output).toBe(true);
    const misspelt = await asking(registry, { nam: "nginx:1" });
    expect(misspelt.output).toMatch(/did you mean name\?/);
    const unknown = await asking("docker:index/getMoon:getMoon", {});
    expect(unknown.output).toContain("no function docker:index/getMoon:getMoon");
  });
});

describe("an inventory that somebody edits", () => {
  const file = () => path.join(project.folder, "rehearsed.test.inventory.json");

  it("is drift, which the next update repairs, secrets included", async () => {
    writeFileSync(file(), readFileSync(file(), "utf8").replace('"memory": 512', '"memory": 64'));
    const refreshed = await project.run("refresh", () => program(wishes));
    expect(refreshed.changes).toMatchObject({ update: 1 });
    const repaired = await project.run("up", () => program(wishes));
    expect(repaired.changes, repaired.output).toEqual({ same: 5, update: 1 });
    expect(made("queue")?.properties["memory"]).toBe(512);
  });

  it("lacks a resource, which the next update makes anew", async () => {
    const inventory = JSON.parse(readFileSync(file(), "utf8")) as {
      resources: { name: string }[];
    };
    inventory.resources = inventory.resources.filter(({ name }) => name !== "vault");
    writeFileSync(file(), JSON.stringify(inventory));
    const refreshed = await project.run("refresh", () => program(wishes));
    expect(refreshed.changes).toMatchObject({ delete: 1 });
    const repaired = await project.run("up", () => program(wishes));
    expect(repaired.changes, repaired.output).toEqual({ same: 5, create: 1 });
    expect(made("vault")).toBeDefined();
  });
});

describe("a fault on demand", () => {
  it("fails one operation, and the next try succeeds", async () => {
    await setFaults(project.folder, [
      { type: "docker:*", name: "que*", operation: "update", kind: "error", message: "disk full" },
      { operation: "update", kind: "delay", milliseconds: 1 },
    ]);
    const more = { ...wishes, memory: 2048 };
    const failed = await project.run("up", () => program(more));
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toContain("update of queue: disk full");
    expect(made("queue")?.properties["memory"]).toBe(512);
    const retried = await project.run("up", () => program(more));
    expect(retried.changes, retried.output).toEqual({ same: 5, update: 1 });
    expect(made("queue")?.properties["memory"]).toBe(2048);
  });

  it("that is not written as it should be is told in one sentence", async () => {
    writeFileSync(path.join(project.folder, "faults.json"), '[{"operation":"explode"}]');
    const failed = await project.run("up", () => program(wishes));
    expect(failed.output).toMatch(/faults\.json has a fault of its own: .*operation/s);
    await setFaults(project.folder, []);
  });
});

it("a stack that is destroyed leaves an empty inventory", async () => {
  const destroyed = await project.run("destroy", () => program(wishes));
  expect(destroyed.succeeded, destroyed.output).toBe(true);
  expect(project.made()).toEqual([]);
});

it("stand-ins refuse to run outside a rehearsal", async () => {
  const real = new StandInProject({ COMFYMULTI_REHEARSAL_DIR: "" });
  try {
    const { succeeded, output } = await real.run("preview", () => program(wishes));
    expect(succeeded).toBe(false);
    expect(output).toContain("runs in rehearsals alone: set COMFYMULTI_REHEARSAL_DIR");
  } finally {
    real.remove();
  }
});
