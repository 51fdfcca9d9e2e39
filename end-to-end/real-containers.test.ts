/**
 * DockerHost's containers for real: the engine drives the stand-in for Docker, which drives a daemon
 * of the tests' own. It proves what the declared settings do on a daemon; it proves nothing of the
 * official provider plugin, of ssh, of registries or of GPUs.
 */
import * as docker from "@pulumi/docker";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../bench/platform/listening.ts";
import { DOCKER_VARIABLE } from "../rehearsal/stand-ins/index.ts";
import { BASE_IMAGE, startDaemonWithBaseImage } from "./docker/base-image.ts";
import type { DockerDaemon } from "./docker/daemon.ts";
import {
  buildTestImage,
  PASSWORD,
  PREFIX,
  TEST_IMAGE,
  twoServices,
  type Wishes,
} from "./docker/two-services.ts";
import { StandInProject } from "./stand-ins/project.ts";

const started = await startDaemonWithBaseImage();
const reason = "unavailable" in started ? started.unavailable : undefined;
if (reason !== undefined) console.warn(`real-containers.test.ts is skipped: ${reason}`);
afterAll(async () => {
  if (!("unavailable" in started)) await started.remove();
});

describe.skipIf(reason !== undefined)("services in containers", () => {
  const daemon = started as DockerDaemon;
  let project: StandInProject;
  let wishes: Wishes;

  beforeAll(async () => {
    project = new StandInProject({ [DOCKER_VARIABLE]: daemon.socket });
    const id = await buildTestImage(daemon);
    const image = `${TEST_IMAGE}@${id}`;
    wishes = { socket: daemon.socket, image, port: await freePort() };
  });
  afterAll(() => project.remove());

  const up = (change: Partial<Wishes> = {}) =>
    project.run("up", () => twoServices({ ...wishes, ...change }));
  const refresh = () => project.run("refresh", () => twoServices(wishes));
  const idOf = (service: string) =>
    daemon.docker("inspect", "--format", "{{.Id}}", `${PREFIX}-${service}`);
  const names = async (...list: string[]) =>
    (await daemon.docker(...list)).split("\n").filter((name) => name.startsWith(PREFIX));
  const containers = async () => (await names("ps", "--all", "--format", "{{.Names}}")).sort();

  /** Says commands to Redis through the door; what it answers, without line ends. */
  async function ask(...commands: string[]): Promise<string[]> {
    const socket = connect(wishes.port, "127.0.0.1");
    socket.end([`AUTH ${PASSWORD}`, ...commands, "QUIT", ""].join("\r\n"));
    return (await text(socket)).split("\r\n");
  }

  it("come up once they are healthy, and find each other by name", async () => {
    const { succeeded, output, changes } = await up();
    expect(succeeded, output).toBe(true);
    expect(changes["create"]).toBeGreaterThan(0);
    expect(await ask("SET kept yes")).toEqual(["+OK", "+OK", "+OK", ""]);
    expect(await containers()).toEqual([`${PREFIX}-door`, `${PREFIX}-redis`]);
  });

  it("leave what another machine's provider declares recorded alone", () => {
    const worker = project.made().find(({ name }) => name === "worker");
    expect(worker?.properties).toMatchObject({ image: "nobody/has:this" });
  });

  it("are what was declared: user, read-only root, capabilities, limits, restarts, logs", async () => {
    const [inspected] = JSON.parse(await daemon.docker("inspect", `${PREFIX}-redis`)) as unknown[];
    expect(inspected).toMatchObject({
      Config: {
        User: "10001:10001",
        Hostname: "redis",
        StopSignal: "SIGTERM",
        StopTimeout: 10,
        Labels: { "comfymulti.stack": PREFIX, "comfymulti.service": "redis" },
        Healthcheck: { Interval: 5e9, Timeout: 5e9, StartPeriod: 60e9, Retries: 3 },
      },
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges:true"],
        Memory: 128 * 1024 * 1024,
        MemorySwap: 128 * 1024 * 1024,
        NanoCpus: 0.5e9,
        Init: true,
        Tmpfs: { "/tmp": "rw,nosuid,nodev,size=256m,mode=1777" },
        RestartPolicy: { Name: "unless-stopped" },
        LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "5" } },
        PortBindings: {},
      },
      Mounts: [{ Type: "volume", Name: `${PREFIX}-redis`, Destination: "/data", RW: true }],
    });
    const ports = await daemon.docker("port", `${PREFIX}-door`);
    expect(ports).toBe(`8080/tcp -> 127.0.0.1:${wishes.port}`);
  });

  it("run as declared, seen from inside", async () => {
    const inside = (command: string) =>
      daemon.docker("exec", `${PREFIX}-redis`, "sh", "-c", command);
    expect(await inside("id -u; grep CapEff /proc/1/status")).toMatch(/^10001\nCapEff:\s+0+$/);
    expect(await inside("touch /etc/x 2>&1 || true")).toContain("Read-only file system");
    expect(await inside("touch /tmp/x /data/x && echo written")).toBe("written");
  });

  it("cannot be reached from outside their network, nor reach out of it", async () => {
    const edge = ["run", "--rm", "--network", `${PREFIX}-edge`, TEST_IMAGE];
    const asked = daemon.docker(...edge, "redis-cli", "-h", "redis", "ping");
    await expect(asked).rejects.toThrow(/redis.*(resolution|resolve|not known)/is);

    const format = `{{(index .NetworkSettings.Networks "${PREFIX}-edge").IPAddress}}`;
    const door = await daemon.docker("inspect", "--format", format, `${PREFIX}-door`);
    const ping = ["timeout", "5", "redis-cli", "-h", door, "-p", "8080", "ping"];
    expect(await daemon.docker(...edge, ...ping)).toContain("NOAUTH");
    await expect(daemon.docker("exec", `${PREFIX}-redis`, ...ping)).rejects.toThrow();
  });

  it("leave no secret in the inventory", () => {
    expect(JSON.stringify(project.made())).not.toContain(PASSWORD);
  });

  it("stay as they are when nothing changed, refreshed or not", async () => {
    const before = await Promise.all(["redis", "door"].map(idOf));
    for (const operation of [up, refresh, up]) {
      const { changes, output } = await operation();
      expect(Object.keys(changes), output).toEqual(["same"]);
    }
    expect(await Promise.all(["redis", "door"].map(idOf))).toEqual(before);
  });

  it("are replaced one by one: a variable of the door is no matter of Redis", async () => {
    const redis = await idOf("redis");
    const { changes, output } = await up({ greeting: "welcome" });
    expect(changes, output).toMatchObject({ replace: 1 });
    expect(changes).not.toHaveProperty("update");
    expect(await daemon.docker("exec", `${PREFIX}-door`, "printenv", "GREETING")).toBe("welcome");
    expect(await idOf("redis")).toBe(redis);
    await up();
  });

  it("take a new memory limit while they run", async () => {
    const door = await idOf("door");
    const { changes, output } = await up({ doorMemoryMb: 96 });
    expect(changes, output).toMatchObject({ update: 1 });
    const limit = await daemon.docker("inspect", "--format", "{{.HostConfig.Memory}}", door);
    expect(Number(limit)).toBe(96 * 1024 * 1024);
    await up();
  });

  it("are replaced for a new health check, which the official provider would not do", async () => {
    const { changes, output } = await up({ doorHealthSeconds: 50 });
    expect(changes, output).toMatchObject({ replace: 1 });
    const format = "{{.Config.Healthcheck.StartPeriod}}";
    expect(await daemon.docker("inspect", "--format", format, `${PREFIX}-door`)).toBe("50s");
    await up();
  });

  it("are made again when somebody removed or stopped them, and what they kept is there", async () => {
    await daemon.docker("rm", "--force", `${PREFIX}-redis`);
    await daemon.docker("stop", `${PREFIX}-door`);
    const refreshed = await refresh();
    expect(refreshed.changes, refreshed.output).toMatchObject({ delete: 2 });
    const mended = await up();
    expect(mended.changes, mended.output).toMatchObject({ create: 2 });
    expect(await ask("GET kept")).toContain("yes");
  });

  it("fail the update with their last words when they do not get well, and leave nothing", async () => {
    const { succeeded, output } = await up({ broken: true });
    expect(succeeded).toBe(false);
    expect(output).toContain(`container ${PREFIX}-broken: it is not healthy after 31 s`);
    expect(output).toContain("its check says: nobody home");
    // One of its lines goes to standard output, one to errors: their order is not kept.
    for (const line of ["looking for models", "no model found"]) expect(output).toContain(line);
    expect(await containers()).toEqual([`${PREFIX}-door`, `${PREFIX}-redis`]);
    expect((await up()).succeeded).toBe(true);
  });

  it("are gone after destroy, with networks and volumes", async () => {
    const { succeeded, output } = await project.run("destroy", () => twoServices(wishes));
    expect(succeeded, output).toBe(true);
    expect(await containers()).toEqual([]);
    expect(await names("network", "ls", "--format", "{{.Name}}")).toEqual([]);
    expect(await names("volume", "ls", "--format", "{{.Name}}")).toEqual([]);
    expect(project.made()).toEqual([]);
  });

  describe("declared by hand", () => {
    const single = (args: Partial<docker.ContainerArgs>) => () => {
      const provider = new docker.Provider("machine", { host: daemon.socket });
      const declared = { name: `${PREFIX}-single`, image: BASE_IMAGE, command: ["sleep", "600"] };
      new docker.Container("single", { ...declared, ...args }, { provider });
    };
    const run = (operation: "preview" | "up" | "destroy", program: () => void) =>
      project.run(operation, program, { stack: "single" });

    it("get the files that they are declared with", async () => {
      const program = single({
        uploads: [
          { file: "/opt/greeting/say", content: "#!/bin/sh\necho hello\n", executable: true },
          { file: "/opt/greeting/words", contentBase64: "d29yZHM=", permissions: "0600" },
        ],
      });
      const { succeeded, output } = await run("up", program);
      expect(succeeded, output).toBe(true);
      const say = "/opt/greeting/say; cat /opt/greeting/words; stat -c ' %a' /opt/greeting/words";
      const said = await daemon.docker("exec", `${PREFIX}-single`, "sh", "-c", say);
      expect(said).toBe("hello\nwords 600");
      expect((await run("destroy", program)).succeeded).toBe(true);
    });

    it("are not left with an old health check: the update says that they have to be replaced", async () => {
      const checked = (test: string) =>
        single({ healthcheck: { tests: ["CMD", test], interval: "10s" } });
      const { succeeded, output } = await run("up", checked("true"));
      expect(succeeded, output).toBe(true);
      const changed = await run("up", checked("/bin/true"));
      expect(changed.succeeded).toBe(false);
      expect(changed.output).toContain("healthcheck of a container that runs can't change");
      expect((await run("destroy", checked("true"))).succeeded).toBe(true);
    });

    it.each<[string, Partial<docker.ContainerArgs>, "preview" | "up", string]>([
      ["a property that nothing is made of", { privileged: true }, "preview", "privileged"],
      [
        "an image that is not there",
        { image: "nobody/has:this" },
        "up",
        "and a rehearsal fetches none",
      ],
      ["GPUs where there are none", { gpus: "all" }, "up", "has no NVIDIA runtime"],
      [
        "a program that ends at once",
        { command: ["sh", "-c", "echo why; exit 3"] },
        "up",
        "it ended with exit code 3; last lines of its log:",
      ],
      [
        "a wait for a check that it has not",
        { wait: true },
        "up",
        "neither it nor its image has a health check",
      ],
    ])("are refused in one sentence: %s", async (_what, args, operation, sentence) => {
      const { succeeded, output } = await run(operation, single(args));
      expect(succeeded).toBe(false);
      expect(output).toContain(sentence);
      expect(await containers()).toEqual([]);
    });
  });

  it("come of an image that the program builds", async () => {
    const context = mkdtempSync(path.join(tmpdir(), "comfymulti-context-"));
    try {
      writeFileSync(
        path.join(context, "Dockerfile"),
        `FROM ${BASE_IMAGE}\nARG WORD\nCOPY file /file\nENV WORD=$WORD\nCMD ["sleep", "600"]\n`,
      );
      writeFileSync(path.join(context, "file"), "of the context");
      const program = () => {
        const provider = new docker.Provider("machine", { host: daemon.socket });
        const image = new docker.Image(
          "image",
          {
            imageName: "comfymulti/built:test",
            skipPush: true,
            build: { context, args: { WORD: "said" } },
          },
          { provider },
        );
        new docker.Container(
          "built",
          { name: `${PREFIX}-built`, image: image.repoDigest },
          { provider },
        );
      };
      const { succeeded, output } = await project.run("up", program, { stack: "built" });
      expect(succeeded, output).toBe(true);
      const inside = await daemon.docker(
        "exec",
        `${PREFIX}-built`,
        "sh",
        "-c",
        "cat /file; echo ; echo $WORD",
      );
      expect(inside).toBe("of the context\nsaid");
      expect((await project.run("destroy", program, { stack: "built" })).succeeded).toBe(true);
    } finally {
      rmSync(context, { recursive: true, force: true });
    }
  });
});
