/**
 * Images for tests, without a registry: a minimal Debian, and what a Dockerfile makes of it. Both
 * stay in the tests' daemon, so that the next run takes seconds.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { copyRoot, whyNoRoot } from "../bootstrap-scripts/debian-root.ts";
import { startDockerDaemon, type DockerDaemon, type NoDockerDaemon } from "./daemon.ts";

/** Debian 12 with nothing but its minimal packages; for `FROM`. */
export const BASE_IMAGE = "comfymulti/debian:bookworm";

/** A daemon on which `buildImage` works, or why there is none. */
export async function startDaemonWithBaseImage(): Promise<DockerDaemon | NoDockerDaemon> {
  const daemon = await startDockerDaemon();
  if ("unavailable" in daemon) return daemon;
  const unavailable = await whyNoBaseImage(daemon);
  if (unavailable === undefined) return daemon;
  await daemon.remove();
  return { unavailable };
}

/** Why the daemon can't be given the base image; undefined when it has it. */
async function whyNoBaseImage(daemon: DockerDaemon): Promise<string | undefined> {
  if ((await daemon.docker("image", "ls", "--quiet", BASE_IMAGE)) !== "") return undefined;
  const reason = await whyNoRoot();
  if (reason !== undefined) return reason;
  const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-base-image-"));
  try {
    const root = path.join(folder, "root");
    await copyRoot(root);
    const packing = spawn("tar", ["--numeric-owner", "-C", root, "-c", "."], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await withInput(daemon, ["import", "-", BASE_IMAGE], packing.stdout);
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface ImageToBuild {
  /** `comfymulti/redis:test`. */
  readonly tag: string;
  /** The Dockerfile's text. */
  readonly dockerfile: string;
  /** Folder that its COPY takes from. Default: none. */
  readonly context?: string;
}

/**
 * Builds an image; `RUN` uses the machine's own network, so that apt works as it does here.
 * @returns Its id, `sha256:…`
 */
export async function buildImage(
  daemon: DockerDaemon,
  { tag, dockerfile, context }: ImageToBuild,
): Promise<string> {
  const place = context === undefined ? ["-"] : ["--file", "-", context];
  await withInput(
    daemon,
    ["build", "--quiet", "--force-rm", "--network", "host", "--tag", tag, ...place],
    [dockerfile],
  );
  return daemon.docker("image", "inspect", "--format", "{{.Id}}", tag);
}

/** @throws Error with what docker's program said */
async function withInput(
  { socket }: DockerDaemon,
  args: readonly string[],
  input: Iterable<string> | NodeJS.ReadableStream,
): Promise<void> {
  const child = spawn("docker", args, {
    env: { ...process.env, DOCKER_HOST: socket, DOCKER_BUILDKIT: "0" },
    stdio: ["pipe", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  const closed = once(child, "close") as Promise<[number | null]>;
  // When it ends early, its exit code and words tell why.
  const given = pipeline(input, child.stdin).catch(() => undefined);
  const [code] = await closed;
  await given;
  if (code !== 0) throw new Error(`docker ${args.join(" ")} failed: ${said.trim()}`);
}
