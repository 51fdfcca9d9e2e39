/**
 * A stack that builds images, by the command line and the real engine: built on a real Docker through
 * the stand-in for its provider, pushed to a real registry, pulled by the digests that it says, and
 * written into the settings of a stack that runs them. It proves nothing of the official provider, and
 * nothing of the images with a whole ComfyUI.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { repository } from "../components/installation.ts";
import {
  DIRECTORY_VARIABLE,
  DOCKER_VARIABLE,
  standInPlugins,
} from "../rehearsal/stand-ins/index.ts";
import { startDaemonWithBaseImage } from "./docker/base-image.ts";
import type { DockerDaemon } from "./docker/daemon.ts";
import { startRegistry, type Registry } from "./images/registry.ts";
import { ServiceImages } from "./images/service-images.ts";
import { Terminal } from "./terminal.ts";

const BUILD_MS = 1_200_000;

const started = await startDaemonWithBaseImage();
const reason = "unavailable" in started ? started.unavailable : undefined;
if (reason !== undefined) console.warn(`built-images.test.ts is skipped: ${reason}`);
afterAll(async () => {
  if (!("unavailable" in started)) await started.remove();
});

const usedSchema = z.array(z.object({ path: z.array(z.string()), reference: z.string() }));
const stackFileSchema = z.object({
  config: z.looseObject({ "comfymulti:images": z.record(z.string(), z.unknown()) }),
});

describe.skipIf(reason !== undefined)("a stack that builds images", () => {
  const daemon = started as DockerDaemon;
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-built-images-"));
  const settings = path.join(folder, "settings");
  let registry: Registry;
  let terminal: Terminal;
  let references: readonly string[] = [];

  beforeAll(async () => {
    for (const name of ["settings", "registry", "inventory"]) mkdirSync(path.join(folder, name));
    registry = await startRegistry(path.join(folder, "registry"));
    const builder = await ServiceImages.prepare(daemon);
    await builder.remove();
    const place = standInPlugins().find(({ name }) => name === "docker")?.path ?? "";
    terminal = new Terminal({
      COMFYMULTI_HOME: path.join(folder, "home"),
      COMFYMULTI_SETTINGS: settings,
      [DIRECTORY_VARIABLE]: path.join(folder, "inventory"),
      [DOCKER_VARIABLE]: daemon.socket,
      // The engine takes a provider from there before it looks for the official one.
      PATH: `${place}${path.delimiter}${process.env.PATH ?? ""}`,
    });
    const config = {
      "comfymulti:docker": daemon.socket,
      "comfymulti:registry": `${registry.address}/berlin`,
      "comfymulti:baseImage": builder.base,
      "comfymulti:buildNetwork": "host",
    };
    writeFileSync(path.join(settings, "Pulumi.images.yaml"), stringify({ config }));
    const example = path.join(repository, "Pulumi.workshop.yaml");
    copyFileSync(example, path.join(settings, "Pulumi.workshop.yaml"));
  }, BUILD_MS);
  afterAll(async () => {
    await registry.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("says what to do when nothing was built yet", async () => {
    const { code, text } = await terminal.run("images", "use", "images", "workshop");
    expect(code).toBe(1);
    expect(text.trim()).toMatch(/Stack images has built nothing yet: npx comfymulti images build/);
  });

  it("is for nothing else", async () => {
    const { code, text } = await terminal.run("up", "images");
    expect(code).toBe(1);
    expect(text).toContain("builds images and runs nothing: npx comfymulti images build images");
    const { text: other } = await terminal.run("images", "build", "workshop");
    expect(other).toContain("Stack workshop builds no images");
  });

  it("builds and pushes them", { timeout: BUILD_MS }, async () => {
    const { code, stdout, text } = await terminal.run("images", "build", "images", "--json");
    expect(code, text).toBe(0);
    const built = usedSchema.parse(JSON.parse(stdout));
    expect(built.map(({ path: place }) => place.join(".")).toSorted()).toEqual([
      ...["images.backup", "images.certificates", "images.dispatcher", "images.frontend.0.11.1"],
      ...["images.nginx", "images.queueManager", "images.redis"],
    ]);
    references = built.map(({ reference }) => reference);
    for (const reference of references) {
      expect(reference).toMatch(
        /^127\.0\.0\.1:\d+\/berlin\/comfymulti-[a-z-]+:[\d.]+@sha256:\w{64}$/,
      );
    }
  });

  it("changes nothing when it is told to build them again", async () => {
    const { code, text } = await terminal.run("images", "build", "images");
    expect(code, text).toBe(0);
    expect(text).toContain("no changes");
  });

  it("has pushed what can be pulled by those digests", async () => {
    const reference = references.find((one) => one.includes("comfymulti-redis")) ?? "";
    const [name = ""] = reference.split("@");
    await daemon.docker("image", "rm", "--force", name);
    await daemon.docker("pull", "--quiet", reference);
    const version = await daemon.docker(
      ...["run", "--rm", "--entrypoint", "redis-server", reference, "--version"],
    );
    expect(version).toContain("Redis server v=");
  });

  it("are written into another stack's settings, where the rest stays as it was", async () => {
    const file = path.join(settings, "Pulumi.workshop.yaml");
    const before = readFileSync(file, "utf8").split("\n");
    const { code, text } = await terminal.run("images", "use", "images", "workshop");
    expect(code, text).toBe(0);
    const after = readFileSync(file, "utf8");
    const { config } = stackFileSchema.parse(parse(after));
    const redis = references.find((one) => one.includes("comfymulti-redis"));
    expect(config["comfymulti:images"]["redis"]).toBe(redis);
    const changed = after.split("\n").filter((line) => !before.includes(line));
    expect(changed).toHaveLength(references.length);

    const { text: again } = await terminal.run("images", "use", "images", "workshop");
    expect(again).toContain("names these images already");
    expect(readFileSync(file, "utf8")).toBe(after);
  });

  it("can't be used by a stack on this machine", async () => {
    copyFileSync(
      path.join(repository, "Pulumi.local.yaml"),
      path.join(settings, "Pulumi.local.yaml"),
    );
    const { code, text } = await terminal.run("images", "use", "images", "local");
    expect(code).toBe(1);
    expect(text).toContain("runs on this machine, without containers");
  });
});
