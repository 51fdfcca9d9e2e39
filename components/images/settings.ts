/** What a stack that builds images is told. */
import { jsonText } from "@comfymulti/configuration";
import { capturedVersions } from "@comfymulti/workflows";
import { z } from "zod";

const version = z.enum(capturedVersions(), {
  error: ({ input }) =>
    `${String(input)} is not a ComfyUI version with captured node definitions: use one of ${capturedVersions().join(", ")}`,
});
const archiveSum = z
  .string()
  .regex(
    /^[0-9a-f]{64}$/,
    "must be the sha256 of ComfyUI's archive at that version: curl -L URL | sha256sum, where you trust the network",
  );
const byVersion = jsonText(
  z.record(
    z
      .string()
      .refine((text) => version.safeParse(text).success, "has no captured node definitions"),
    archiveSum,
  ),
).default({});
const image = z
  .string()
  .max(500)
  .regex(/^[a-z0-9][^\s]*$/, "must be an image, debian:bookworm-slim@sha256:…");

/** Registry → who may read from it, and write to it where images are pushed. */
export const registryPasswordsSchema = z.record(
  z
    .string()
    .max(200)
    .regex(/^[a-z0-9.-]+(:\d{1,5})?$/, "must be a registry's host, ghcr.io"),
  z.strictObject({
    username: z.string().min(1).max(200),
    /** Secret. A token that can only do with packages what it is for. */
    password: z.string().min(1).max(4096),
  }),
);

export const buildSettings = {
  /** The Docker that builds, as docker's `-H` takes it: `ssh://root@builder`. */
  docker: z
    .string()
    .max(500)
    .regex(/^(unix|ssh|tcp):\/\/\S+$/, "must be an address of Docker's, ssh://root@builder")
    .default("unix:///var/run/docker.sock"),
  /**
   * Begins every image's name, and is where it is pushed: `ghcr.io/berlin`. Default: images stay in that
   * Docker, from where `comfymulti images use` takes them into a vault.
   */
  registry: z
    .string()
    .max(300)
    .regex(
      /^[a-z0-9.-]+(:\d{1,5})?(\/[a-z0-9._-]+)*$/,
      "must be a registry's place, ghcr.io/berlin",
    )
    .optional(),
  /** Secret. Who may push: `{"ghcr.io": {"username": "…", "password": "…"}}`. Default: nobody has to log in. */
  registryPasswords: jsonText(registryPasswordsSchema).optional(),
  /** ComfyUI versions that editors are built of. */
  frontend: jsonText(z.array(version).max(20)).default(["0.11.1"]),
  /**
   * ComfyUI versions that full frontends are built of, each with the sum of ComfyUI's own archive:
   * `{"0.11.1": "sha256…"}`.
   */
  comfyuiFrontend: byVersion,
  /** ComfyUI versions that workers are built of, with the same sums. */
  worker: byVersion,
  /** What everything but workers is built on: Debian 12 or newer, best with its digest. */
  baseImage: image.default("debian:bookworm-slim"),
  /** What workers are built on: a CUDA runtime on Ubuntu. */
  workerBaseImage: image.default("nvidia/cuda:12.4.1-runtime-ubuntu22.04"),
  /** Docker's network of builds: `host` where only the machine's own reaches Debian, npm and PyPI. */
  buildNetwork: z.enum(["default", "host"]).default("default"),
};

export type BuildSettings = z.output<z.ZodObject<typeof buildSettings>>;
