/** The start of the container, run on a folder instead of a root, and what the image is made of. */
import { execFile } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { comfyuiVersions } from "@comfymulti/workflows";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { comfyuiCommandSchema } from "../src/comfyui-process/command.ts";

const execute = promisify(execFile);
const image = fileURLToPath(new URL("../image/", import.meta.url));
const repository = fileURLToPath(new URL("../../", import.meta.url));
const dockerfile = fileURLToPath(new URL("../Dockerfile", import.meta.url));

let root: string;
const at = (...names: string[]): string => join(root, ...names);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "comfymulti-image-"));
  for (const folder of ["bin", "own/host_nodes", "default", "sfs", "scratch"]) {
    await mkdir(at(folder), { recursive: true });
  }
  // Stands for Node, and tells that it is the process that was started: the same pid.
  await writeFile(at("bin/node"), '#!/bin/sh\necho "pid $$ node $*"\n');
  await chmod(at("bin/node"), 0o755);
  await writeFile(at("own/host_nodes/__init__.py"), "version = 1\n");
  await writeFile(at("own/README.md"), "no node\n");
  await writeFile(at("default/sample.py"), "sample = 1\n");
});

afterEach(() => rm(root, { recursive: true, force: true }));

interface Started {
  readonly code: number | undefined;
  readonly pid: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function start(parameters: string[] = [], changes: Record<string, string> = {}): Promise<Started> {
  return new Promise((resolve) => {
    const child = execFile(
      join(image, "entrypoint.sh"),
      parameters,
      {
        env: {
          PATH: `${at("bin")}:/usr/bin:/bin`,
          DATA_DIRECTORY: at("data"),
          MODELS_DIRECTORY: at("sfs/models"),
          OUTPUTS_DIRECTORY: at("scratch/outputs"),
          INPUTS_DIRECTORY: at("scratch/inputs"),
          DEFAULT_CUSTOM_NODES: at("default"),
          OWN_CUSTOM_NODES: at("own"),
          WORKER_SOURCE: "/app/worker",
          ALLOW_ROOT: "1",
          ...changes,
        },
      },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? undefined, pid: child.pid, stdout, stderr });
      },
    );
  });
}

describe("the container's start", () => {
  it("links the data folders, fills an empty custom_nodes, and becomes the worker", async () => {
    const { stdout, pid } = await start();
    expect(stdout).toBe(`pid ${pid} node /app/worker/src/main.ts\n`);
    expect(await readlink(at("data/models"))).toBe(at("sfs/models"));
    expect(await readlink(at("data/outputs"))).toBe(at("scratch/outputs"));
    expect(await readlink(at("data/inputs"))).toBe(at("scratch/inputs"));
    expect(await readdir(at("data/custom_nodes"))).toEqual(["host_nodes", "sample.py"]);
  });

  it("becomes the command line when it is given a command", async () => {
    const { stdout, pid } = await start(["models", "restore", "--template", "a b"]);
    expect(stdout).toBe(
      `pid ${pid} node /app/worker/comfymulti-worker.mjs models restore --template a b\n`,
    );
  });

  it("replaces its own nodes at the next start and touches no others", async () => {
    await start();
    await mkdir(at("data/custom_nodes/participant_nodes"));
    await writeFile(at("data/custom_nodes/participant_nodes/mine.py"), "mine\n");
    await writeFile(at("data/custom_nodes/sample.py"), "changed by the host\n");
    await writeFile(at("data/custom_nodes/host_nodes/stale.py"), "old\n");
    await writeFile(at("own/host_nodes/__init__.py"), "version = 2\n");
    expect((await start()).code).toBe(0);
    expect(await readdir(at("data/custom_nodes"))).toEqual([
      "host_nodes",
      "participant_nodes",
      "sample.py",
    ]);
    expect(await readdir(at("data/custom_nodes/host_nodes"))).toEqual(["__init__.py"]);
    const text = (name: string) => readFile(at("data/custom_nodes", name), "utf8");
    expect(await text("host_nodes/__init__.py")).toBe("version = 2\n");
    expect(await text("participant_nodes/mine.py")).toBe("mine\n");
    expect(await text("sample.py")).toBe("changed by the host\n");
  });

  it("does not bring a sample node back that the host removed", async () => {
    await start();
    await rm(at("data/custom_nodes/sample.py"));
    await start();
    expect(await readdir(at("data/custom_nodes"))).toEqual(["host_nodes"]);
  });

  it("replaces a link under its own node's name, not what the link leads to", async () => {
    await start();
    await mkdir(at("elsewhere"));
    await writeFile(at("elsewhere/precious.py"), "precious\n");
    await rm(at("data/custom_nodes/host_nodes"), { recursive: true });
    await symlink(at("elsewhere"), at("data/custom_nodes/host_nodes"));
    await start();
    expect((await lstat(at("data/custom_nodes/host_nodes"))).isDirectory()).toBe(true);
    expect(await readdir(at("elsewhere"))).toEqual(["precious.py"]);
  });

  it("corrects a link that leads elsewhere, and an empty folder in its place", async () => {
    await mkdir(at("data/outputs"), { recursive: true });
    await symlink("/nowhere", at("data/models"));
    expect((await start()).code).toBe(0);
    expect(await readlink(at("data/models"))).toBe(at("sfs/models"));
    expect(await readlink(at("data/outputs"))).toBe(at("scratch/outputs"));
  });

  it("refuses to hide a folder with files behind a link", async () => {
    await mkdir(at("data/models"), { recursive: true });
    await writeFile(at("data/models/large.safetensors"), "weights");
    const { code, stdout, stderr } = await start();
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toBe(
      `${at("data/models")} is a folder with files, and should point to ${at("sfs/models")}: move them there and remove it.\n`,
    );
    expect(await readdir(at("data/models"))).toEqual(["large.safetensors"]);
  });

  it("says which volume is missing when its folder can't be made", async () => {
    await writeFile(at("file"), "");
    const { code, stderr } = await start([], { MODELS_DIRECTORY: at("file/models") });
    expect(code).toBe(78);
    expect(stderr).toContain(`${at("file/models")} could not be made: mount its volume`);
  });

  it("refuses to run as root unless told", async (context) => {
    if (process.getuid?.() !== 0) context.skip("needs to be root to be refused as root");
    const { code, stdout, stderr } = await start([], { ALLOW_ROOT: "" });
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toContain("does not run as root");
  });
});

describe("the image", () => {
  it("is built for a ComfyUI version that the workflows know", async () => {
    const text = await readFile(dockerfile, "utf8");
    const versions = [...text.matchAll(/^ARG COMFYUI_VERSION=(.*)$/gm)].map(
      ([, version]) => version,
    );
    expect(new Set(versions).size).toBe(1);
    expect(Object.keys(comfyuiVersions)).toContain(versions[0]);
  });

  it("starts the worker without a shell in between, and not as root", async () => {
    const text = await readFile(dockerfile, "utf8");
    expect(text).toContain('ENTRYPOINT ["/app/worker/image/entrypoint.sh"]');
    expect(/^USER (.*)$/m.exec(text)?.[1]).toBe("10001:10001");
  });

  it("knows every workspace of the lock file, without which npm refuses to install", async () => {
    const { workspaces } = z
      .object({ workspaces: z.array(z.string()) })
      .parse(JSON.parse(await readFile(join(repository, "package.json"), "utf8")));
    const text = await readFile(dockerfile, "utf8");
    for (const workspace of workspaces) {
      expect(text).toContain(`COPY ${workspace}/package.json ${workspace}/\n`);
    }
  });

  it("starts ComfyUI with a command that the worker understands, in the entrypoint's folders", async () => {
    const text = await readFile(dockerfile, "utf8");
    const command = comfyuiCommandSchema.parse(/COMFYUI_COMMAND="(.*)"/.exec(text)?.[1]) ?? [];
    expect(command).toContain("/opt/comfyui/main.py");
    const valueOf = (option: string) => command[command.indexOf(option) + 1];
    expect(valueOf("--base-directory")).toBe("/app/data");
    expect(valueOf("--output-directory")).toBe("/app/data/outputs");
    expect(valueOf("--input-directory")).toBe("/app/data/inputs");
  });

  it.each(["requirements.txt", "node-requirements.txt"])(
    "pins every package of %s",
    async (name) => {
      const text = await readFile(join(image, name), "utf8");
      const lines = text.replaceAll("\\\n", " ").split("\n");
      const packages = lines.filter((line) => /^[a-z]/i.test(line));
      expect(packages.length).toBeGreaterThan(0);
      for (const line of packages)
        expect(line).toMatch(/^[\w.-]+==[\w.]+ .*--hash=sha256:[0-9a-f]{64}/);
    },
  );

  it.each(Object.entries(comfyuiVersions).filter(([, pin]) => pin.wheel))(
    "has the editor's package of ComfyUI %s by its sum",
    async (version, pin) => {
      const { stdout } = await python("frontend-requirement.py", versionsFile, version);
      expect(stdout).toBe(
        `comfyui-frontend-package==${pin.frontendPackage} --hash=sha256:${pin.wheel?.sha256}\n`,
      );
    },
  );

  it("is not built for a version that nobody knows", async () => {
    await expect(python("frontend-requirement.py", versionsFile, "9.9.9")).rejects.toThrow(
      "COMFYUI_VERSION 9.9.9 is not in workflows/versions.json: use one of 0.9.2",
    );
  });

  it("is not built from a source of another version, or with packages that it lacks", async (context) => {
    await mkdir(at("comfyui"));
    await writeFile(at("comfyui/comfyui_version.py"), '__version__ = "0.9.2"\n');
    await writeFile(
      at("comfyui/requirements.txt"),
      "comfyui-workflow-templates==0.8.27\npip>=1 # there\npip>=9999\nno-such-package-here\n",
    );
    const packaging = at("packaging");
    if (!(await placePackaging(packaging))) context.skip("this machine's Python has no pip");
    const check = execute("python3", [join(image, "check-comfyui.py"), at("comfyui"), "0.11.1"], {
      env: { PATH: process.env.PATH ?? "", PYTHONPATH: packaging },
    });
    const { stderr } = await check.then(
      () => ({ stderr: "" }),
      (error: unknown) => z.object({ stderr: z.string() }).parse(error),
    );
    expect(stderr.trim().split("\n")).toEqual([
      "The source is ComfyUI 0.9.2, not COMFYUI_VERSION 0.11.1.",
      expect.stringContaining("ComfyUI needs pip>=9999, the image has "),
      "ComfyUI needs no-such-package-here: add it to worker/image/requirements.in and pin it again.",
    ]);
  });
});

/** The package `packaging` under its own name, from the copy that pip carries; false without pip. */
async function placePackaging(folder: string): Promise<boolean> {
  await mkdir(folder);
  const find = "import pip._vendor.packaging as p; print(p.__path__[0])";
  const found = await execute("python3", ["-c", find]).catch(() => undefined);
  if (!found) return false;
  await symlink(found.stdout.trim(), join(folder, "packaging"));
  return true;
}

const versionsFile = join(repository, "workflows/versions.json");
const python = (script: string, ...parameters: string[]) =>
  execute("python3", [join(image, script), ...parameters]);
