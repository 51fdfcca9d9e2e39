/**
 * The app server's images, built by a daemon of the tests' own from services/Dockerfile and the
 * Dockerfiles of backup and certificates. The base image is a Debian without a registry; everything else
 * comes as it would anywhere: apt, PyPI, npm.
 */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { repository } from "../../components/installation.ts";
import { BASE_IMAGE, buildImage } from "../docker/base-image.ts";
import type { DockerDaemon } from "../docker/daemon.ts";

export const serviceImages = ["queue-manager", "frontend", "dispatcher", "nginx", "redis"] as const;
export type ServiceImage = (typeof serviceImages)[number];

/** Services whose folder has a Dockerfile of its own and is all that it needs. */
export const ownImages = ["certificates", "backup"] as const;
export type OwnImage = (typeof ownImages)[number];

/** What the builder's folder is made of; services/Dockerfile.dockerignore chooses among it. */
const PARTS = [
  ...[".npmrc", "package.json", "package-lock.json"],
  ...["policies", "rehearsal", "services", "worker", "workflows"],
];

/** Where Debian keeps an authority that this machine alone trusts, a company's proxy for instance. */
const AUTHORITIES = "/usr/local/share/ca-certificates";
const TRUSTED = "/etc/ssl/certs/ca-certificates.crt";

/** As Debian's own image has it: no services started by packages, no documentation, nothing kept. */
const LIKE_DEBIANS_IMAGE = [
  String.raw`RUN printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d`,
  String.raw`RUN printf 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n' >/etc/apt/apt.conf.d/docker-clean`,
  String.raw`RUN printf 'path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\n' >/etc/dpkg/dpkg.cfg.d/docker`,
];

/** Builds images from a copy of the checkout. */
export class ServiceImages {
  /** The builder's folder; whatever is put there has to pass .dockerignore. */
  readonly context: string;
  readonly #daemon: DockerDaemon;
  /** The base image's id. */
  readonly base: string;

  private constructor(daemon: DockerDaemon, base: string, context: string) {
    this.#daemon = daemon;
    this.base = base;
    this.context = context;
  }

  static async prepare(daemon: DockerDaemon): Promise<ServiceImages> {
    const base = await buildBase(daemon);
    const context = await mkdtemp(path.join(tmpdir(), "comfymulti-images-"));
    const copied = (source: string) => path.basename(source) !== "node_modules";
    for (const part of PARTS) {
      await cp(path.join(repository, part), path.join(context, part), {
        recursive: true,
        filter: copied,
      });
    }
    // The classic builder, which the tests' daemon has, knows it by no other name.
    const ignored = path.join(repository, "services", "Dockerfile.dockerignore");
    await cp(ignored, path.join(context, ".dockerignore"));
    return new ServiceImages(daemon, base, context);
  }

  /** @returns the image's id, `sha256:…` */
  async build(target: ServiceImage | "manifests", comfyuiVersion = "0.11.1"): Promise<string> {
    return this.#build(
      target,
      path.join("services", "Dockerfile"),
      ...["--target", target, "--build-arg", `COMFYUI_VERSION=${comfyuiVersion}`, this.context],
    );
  }

  /** @returns the image's id, `sha256:…` */
  buildOwn(name: OwnImage): Promise<string> {
    const folder = path.join("services", name);
    return this.#build(name, path.join(folder, "Dockerfile"), path.join(this.context, folder));
  }

  async #build(name: string, dockerfile: string, ...rest: readonly string[]): Promise<string> {
    const tag = `comfymulti/${name}:test`;
    await this.#daemon.docker(
      ...["build", "--quiet", "--force-rm", "--network", "host", "--tag", tag],
      ...["--build-arg", `BASE_IMAGE=${this.base}`],
      ...["--file", path.join(this.context, dockerfile), ...rest],
    );
    return this.#daemon.docker("image", "inspect", "--format", "{{.Id}}", tag);
  }

  /** What it takes on top of the base image, MB of 1000 × 1000 bytes. */
  async sizeMb(image: string): Promise<number> {
    const size = async (name: string) =>
      Number(await this.#daemon.docker("image", "inspect", "--format", "{{.Size}}", name));
    return Math.round(((await size(image)) - (await size(this.base))) / 1e6);
  }

  remove(): Promise<void> {
    return rm(this.context, { recursive: true, force: true });
  }
}

/** The base image, which trusts whom this machine trusts. */
async function buildBase(daemon: DockerDaemon): Promise<string> {
  const tag = "comfymulti/debian:images";
  const context = await mkdtemp(path.join(tmpdir(), "comfymulti-images-base-"));
  try {
    const authorities = path.join(context, "authorities");
    await mkdir(authorities);
    const own = await readdir(AUTHORITIES).catch(() => []);
    if (own.length > 0) await cp(AUTHORITIES, authorities, { recursive: true });
    const index = process.env.PIP_INDEX_URL;
    await writeFile(
      path.join(context, "pip.conf"),
      `[global]\ncert = ${TRUSTED}\n${index === undefined ? "" : `index-url = ${index}\n`}`,
    );
    await writeFile(path.join(context, "npmrc"), `cafile=${TRUSTED}\n`);
    const dockerfile = [
      `FROM ${BASE_IMAGE}`,
      ...LIKE_DEBIANS_IMAGE,
      `COPY authorities ${AUTHORITIES}`,
      "COPY pip.conf /etc/pip.conf",
      "COPY npmrc /root/.npmrc",
    ].join("\n");
    return await buildImage(daemon, { tag, dockerfile, context });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
