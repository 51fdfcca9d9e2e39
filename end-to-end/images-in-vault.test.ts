/**
 * An image goes from one Docker into the vault and from there into another: the command's own code,
 * a real S3 server that checks signatures, the script that machines run, and a real Docker daemon. It
 * proves nothing of R2 itself, nor of ssh.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ImageVault } from "../cli/images/vault.ts";
import { renderImageLoad, type ImageLoad } from "../components/bootstrap/index.ts";
import { localNameOf, objectKeyOf, readArchivedImage } from "../components/storage/index.ts";
import { startObjectStore, type TestObjectStore } from "../worker/test/support/object-store.ts";
import { startDockerDaemon, type DockerDaemon } from "./docker/daemon.ts";

const run = promisify(execFile);
const IMAGE = "registry.example/team/painter:0.11.1";

const started = await startDockerDaemon();
const reason = "unavailable" in started ? started.unavailable : undefined;
if (reason !== undefined) console.warn(`images-in-vault.test.ts is skipped: ${reason}`);
afterAll(async () => {
  if (!("unavailable" in started)) await started.remove();
});

describe.skipIf(reason !== undefined)("an image in the vault", () => {
  const daemon = started as DockerDaemon;
  let folder: string;
  let store: TestObjectStore;
  let vault: ImageVault;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "comfymulti-images-in-vault-"));
    store = await startObjectStore(await mkdtemp(path.join(folder, "store-")));
    const { R2_ENDPOINT: endpoint, R2_BUCKET: bucket, ...key } = store.settings;
    const keeper = {
      accessKeyId: key.R2_ACCESS_KEY_ID,
      secretAccessKey: key.R2_SECRET_ACCESS_KEY,
    };
    const buckets = {
      ...{ modelVault: bucket, cache: bucket, workerContainer: bucket, userFiles: bucket },
    };
    vault = new ImageVault(
      { endpoint, buckets, keeper, reader: keeper },
      new AbortController().signal,
    );
    writeFileSync(path.join(folder, "brush"), "paints");
    await run("tar", ["-C", folder, "-cf", path.join(folder, "layer.tar"), "brush"]);
    await daemon.docker("import", path.join(folder, "layer.tar"), IMAGE);
  });
  afterAll(async () => {
    await store.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const save = () =>
    vault.save(IMAGE, {
      ...{ docker: daemon.socket, folder, signal: new AbortController().signal },
      tell: () => {},
    });
  const record = (reference: string): ImageLoad => {
    const image = readArchivedImage(reference);
    if (!image) throw new Error(`${reference} is none of the vault`);
    return {
      ...{ localName: localNameOf(image), archiveSum: image.sum },
      objectUrl: `${store.settings.R2_ENDPOINT}/${store.settings.R2_BUCKET}/${objectKeyOf(image)}`,
      accessKeyId: store.settings.R2_ACCESS_KEY_ID,
      secretAccessKey: store.settings.R2_SECRET_ACCESS_KEY,
      folder: path.join(folder, "machine"),
    };
  };
  /** What a machine says when it is told to have an image. @throws Error when the script fails */
  async function load(image: ImageLoad): Promise<string> {
    const pending = run("bash", ["-s"], { env: { ...process.env, DOCKER_HOST: daemon.socket } });
    pending.child.stdin?.end(renderImageLoad(image));
    return (await pending).stderr;
  }

  it("is saved once, listed, and loaded by a machine once", async () => {
    const { reference, wasThere } = await save();
    expect(wasThere).toBe(false);
    expect(reference).toMatch(/^vault\/painter:0\.11\.1@sha256:[0-9a-f]{64}$/);
    expect(await save()).toMatchObject({ reference, wasThere: true });
    expect(await vault.list()).toMatchObject([{ reference }]);

    const id = await daemon.docker("image", "inspect", "--format", "{{.Id}}", IMAGE);
    await daemon.docker("image", "rm", "--force", id);
    const image = record(reference);
    expect(await load(image)).toMatch(/fetching http.*\n.* is loaded\n$/);
    expect(
      await daemon.docker("image", "inspect", "--format", "{{.Id}}", image.localName),
      "the same image, by its content",
    ).toBe(id);
    expect(await load(image)).toMatch(/ is here\n$/);
    expect(await readdir(path.join(folder, "machine")), "neither the archive nor the key").toEqual([
      "lock",
    ]);
  });

  it("is fetched on from where a fetch broke off", async () => {
    const image = await unloaded();
    const whole = await stored(image);
    writeFileSync(path.join(folder, "machine", image.archiveSum), whole.subarray(0, 60));
    expect(await load(image)).toMatch(/ is loaded\n$/);
  });

  it("is fetched anew where other bytes lie in its place", async () => {
    const image = await unloaded();
    writeFileSync(path.join(folder, "machine", image.archiveSum), Buffer.alloc(1_000_000, 7));
    expect(await load(image)).toMatch(/ is loaded\n$/);
  });

  it("is refused when its bytes are not what its name says", async () => {
    const image = await unloaded();
    const [, key = ""] = image.objectUrl.split(`${store.settings.R2_BUCKET}/`);
    const whole = await stored(image);
    await store.put(key, Buffer.concat([whole, Buffer.from("more")]));
    await expect(load(image)).rejects.toThrow(/has another sum than its name says/);
    await store.put(key, whole);
    expect(await load(image)).toMatch(/ is loaded\n$/);
  });

  it("says what to look at when the key or the object is wrong", async () => {
    const image = await unloaded();
    const refused = load({ ...image, secretAccessKey: "another" });
    await expect(refused).rejects.toThrow(/whether the key may read it/);
    await expect(refused).rejects.not.toThrow(/another/);
    const missing = load({ ...image, objectUrl: `${image.objectUrl}.lost` });
    await expect(missing).rejects.toThrow(/whether the bucket has it/);
  });

  it("can't be saved when Docker has none of that name", async () => {
    const saving = vault.save("nobody/painted:this", {
      ...{ docker: daemon.socket, folder, signal: new AbortController().signal },
      tell: () => {},
    });
    await expect(saving).rejects.toThrow(/^Docker could not save nobody\/painted:this: /);
    expect((await readdir(folder)).filter((name) => name.startsWith("image-"))).toEqual([]);
  });

  /** Of the image in the vault, which the machine no longer has. */
  async function unloaded(): Promise<ImageLoad> {
    const [listed] = await vault.list();
    const image = record(listed?.reference ?? "");
    await daemon.docker("image", "rm", "--force", image.localName);
    return image;
  }

  async function stored(image: ImageLoad): Promise<Buffer> {
    const target = path.join(folder, "copy");
    await run("curl", [
      ...["-sf", "--aws-sigv4", "aws:amz:auto:s3", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"],
      ...["--user", `${image.accessKeyId}:${image.secretAccessKey}`, "-o", target],
      image.objectUrl,
    ]);
    return readFileSync(target);
  }
});
