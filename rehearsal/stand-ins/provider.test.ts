/** A stand-in by its protocol: what is answered, and what is run for real. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setAnswers } from "./answers.ts";
import { readInventory } from "./inventory.ts";
import { standInProvider } from "./provider.ts";
import { realityOf, type Reality } from "./reality.ts";
import type { StandInName } from "./schemas/declared-types.ts";
import { readSchema } from "./schemas/schema.ts";
import { readReal } from "./settings.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "comfymulti-stand-in-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const urn = (type: string, name: string) => `urn:pulumi:test::project::${type}::${name}`;

/** The methods that a test calls; every stand-in has them all. */
function provider(name: StandInName, reality: Reality = () => undefined) {
  const {
    check,
    create,
    read,
    update,
    delete: remove,
    invoke,
  } = standInProvider(directory, readSchema(name), reality) as Required<
    ReturnType<typeof standInProvider>
  >;
  return { check, create, read, update, remove, invoke };
}

describe("answers", () => {
  const remote = "command:remote:Command";
  const inputs = { connection: { host: "app.test" }, create: "tailscale ip -4" };

  it("are the outputs of recorded resources that they fit, at creation and update", async () => {
    await setAnswers(directory, [
      { type: remote, name: "*-bootstrap", outputs: { stdout: "100.64.0.10" } },
    ]);
    const { create, update } = provider("command");
    const app = urn(remote, "app-bootstrap");
    const { id, outs } = await create(app, inputs);
    expect(outs).toMatchObject({ stdout: "100.64.0.10", stderr: "" });
    expect((await create(urn(remote, "app-ready"), inputs)).outs).toMatchObject({ stdout: "" });

    await setAnswers(directory, [{ name: "app-bootstrap", outputs: { stdout: "100.64.0.11" } }]);
    const updated = await update(id, app, outs, { ...inputs, create: "tailscale ip -4 # again" });
    expect(updated.outs).toMatchObject({ stdout: "100.64.0.11" });
  });

  it("are what functions answer", async () => {
    const token = "tailscale:index/getDevice:getDevice";
    await setAnswers(directory, [{ type: token, outputs: { addresses: ["100.64.0.7"] } }]);
    const { outputs } = await provider("tailscale").invoke(token, { hostname: "app" });
    expect(outputs).toMatchObject({ hostname: "app", addresses: ["100.64.0.7"] });
  });

  it("are refused when they give an output that there is not", async () => {
    await setAnswers(directory, [{ outputs: { stdot: "x" } }]);
    await expect(provider("command").create(urn(remote, "app"), inputs)).rejects.toThrow(
      /answers\.json answers stdot, and command:remote:Command has no such output: it has .*stdout/,
    );
  });

  it("that are not written as they should be are told in one sentence", async () => {
    writeFileSync(path.join(directory, "answers.json"), '[{"output":{}}]');
    await expect(provider("command").create(urn(remote, "app"), inputs)).rejects.toThrow(
      /answers\.json has a fault of its own: .*output/s,
    );
  });
});

describe("local commands", () => {
  const local = urn("command:local:Command", "say");
  const running = () =>
    provider(
      "command",
      realityOf("command", { commands: true }, () => ({})),
    );

  it("are recorded alone unless a rehearsal asks for more", async () => {
    const reality = realityOf("command", readReal({}), () => ({}));
    const { outs } = await provider("command", reality).create(local, { create: "echo no" });
    expect(outs).toMatchObject({ stdout: "" });
  });

  it("run with environment and input, and again with the output of before", async () => {
    const { create, update, remove } = running();
    const inputs = {
      create: 'read word; echo "$GREETING $word"; echo aside >&2',
      environment: { GREETING: "hello" },
      stdin: "world\n",
      dir: directory,
    };
    const { id, outs } = await create(local, inputs);
    expect(outs).toMatchObject({ stdout: "hello world", stderr: "aside" });

    const news = {
      ...inputs,
      update: 'echo "after $PULUMI_COMMAND_STDOUT"',
      delete: "echo > gone",
    };
    const updated = await update(id, local, outs, news);
    expect(updated.outs).toMatchObject({ stdout: "after hello world", stderr: "" });
    await remove(id, local, updated.outs);
    rmSync(path.join(directory, "gone"));
    expect(readInventory(directory)[0]?.resources).toEqual([]);
  });

  it("that fail say so in the words of the command, and are not recorded", async () => {
    const failing = running().create(local, { create: "echo no such disk >&2; exit 4" });
    await expect(failing).rejects.toThrow("command failed with exit code 4: no such disk");
    expect(readInventory(directory)).toEqual([]);
  });

  it("never run on another machine", async () => {
    const remote = urn("command:remote:Command", "app");
    const inputs = { connection: { host: "app.test" }, create: "echo no" };
    expect((await running().create(remote, inputs)).outs).toMatchObject({ stdout: "" });
  });

  it("are refused when they ask for what is not done", async () => {
    const { failures } = await running().check(local, {}, { create: "true", assetPaths: ["a"] });
    expect(failures).toMatchObject([{ property: "assetPaths" }]);
  });
});

describe("containers", () => {
  const container = "docker:index/container:Container";
  const socket = "unix:///nowhere/docker.sock";
  const environment = { COMFYMULTI_REHEARSAL_DOCKER: socket };
  const realFor = (host: string | undefined, more: Record<string, string> = {}) =>
    realityOf("docker", readReal({ ...environment, ...more }), () => ({ host }))(container);

  it("are run for providers whose address is the daemon's, or that of the machine it stands for", () => {
    expect(realFor(socket)).toBeDefined();
    expect(realFor("ssh://root@app.example.net")).toBeUndefined();
    const machine = { COMFYMULTI_REHEARSAL_DOCKER_MACHINE: "ssh://root@app.*" };
    expect(realFor("ssh://root@app.example.net", machine)).toBeDefined();
    expect(realFor("ssh://root@worker-1.example.net", machine)).toBeUndefined();
    expect(realFor(socket, machine)).toBeUndefined();
  });

  it("are refused where a property can't be made real, at any depth, and where values are wrong", () => {
    const check = (inputs: object) => realFor(socket)?.check({ name: "a", image: "b", ...inputs });
    const mount = { type: "volume", source: "s", target: "/t", volumeOptions: { noCopy: true } };
    expect(check({ privileged: true })).toMatchObject([{ property: "privileged" }]);
    expect(check({ mounts: [mount] })).toMatchObject([{ property: "mounts[0].volumeOptions" }]);
    expect(check({ healthcheck: { tests: ["CMD"], interval: "soon" } })).toMatchObject([
      { property: "healthcheck.interval", reason: 'must be a duration such as "1m30s"' },
    ]);
    expect(check({ uploads: [{ file: "/a" }] })).toMatchObject([{ property: "uploads[0]" }]);
    expect(check({ cpus: "0.5", healthcheck: { tests: ["CMD"], interval: "1m30s" } })).toEqual([]);
  });

  it("say in one sentence that no daemon answers", async () => {
    const reality = realityOf("docker", readReal(environment), () => ({ host: socket }));
    const { create } = provider("docker", reality);
    await expect(create(urn(container, "a"), { name: "a", image: "b" })).rejects.toThrow(
      `container a: no Docker daemon answers at ${socket}`,
    );
  });
});

it.each([
  ["COMFYMULTI_REHEARSAL_DOCKER", "tcp://192.0.2.1:2375", "must be a socket of this machine"],
  ["COMFYMULTI_REHEARSAL_COMMANDS", "yes", "must be run, or not set"],
])("%s=%s is refused", (name, value, sentence) => {
  expect(() => readReal({ [name]: value })).toThrow(`${name} ${sentence}`);
});
