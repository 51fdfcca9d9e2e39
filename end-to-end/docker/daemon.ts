/**
 * A Docker daemon of the tests' own: own socket, own images, own addresses. Images stay from run to
 * run in the cache; containers, networks and volumes do not.
 *
 * One at a time on a machine, and none beside another's: daemons that share a machine's network take
 * each other's firewall rules away.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { lock } from "proper-lockfile";
import { which } from "../../tools/setup/command.mjs";
import { cacheDirectory } from "../../tools/setup/places.mjs";
import { MachineNetwork } from "./machine-network.ts";

const run = promisify(execFile);

/** What outlives a run: images, and what tells the next one of a run that was killed. */
const CACHED = path.join(cacheDirectory, "docker");
const DATA = path.join(CACHED, "data");
/** Socket, log and mounts of the daemon that runs. */
const RUNNING = path.join(CACHED, "run");

/** Another test run's daemon is waited for this long, in tries of half a second. */
const LOCK_TRIES = 1200;
const START_TRIES = 240;
const PAUSE_MS = 250;

export interface DockerDaemon {
  /** `unix:///root/.cache/…/docker.sock`, as `DOCKER_HOST` and a `DockerHost` take it. */
  readonly socket: string;
  /** Runs docker's own program against this daemon; what it printed. @throws Error when it fails */
  docker(...args: readonly string[]): Promise<string>;
  /** Removes every container, network and volume, and ends the daemon. */
  remove(): Promise<void>;
}

/** Why there can be no daemon here, in one sentence for whoever wonders about skipped tests. */
export interface NoDockerDaemon {
  readonly unavailable: string;
}

export async function startDockerDaemon(): Promise<DockerDaemon | NoDockerDaemon> {
  if (process.getuid?.() !== 0) return { unavailable: "a Docker daemon needs root" };
  for (const program of ["dockerd", "docker", "iptables-save", "ip", "setpriv"]) {
    if (which(program)) continue;
    return { unavailable: `${program} is not on this machine: npm test installs it on Debian` };
  }
  await mkdir(CACHED, { recursive: true });
  let release: () => Promise<void>;
  try {
    release = await lock(CACHED, {
      stale: 60_000,
      update: 5_000,
      retries: { retries: LOCK_TRIES, minTimeout: 500, maxTimeout: 500 },
    });
  } catch {
    return { unavailable: "another test run holds the tests' Docker daemon" };
  }
  try {
    const daemon = await start(release);
    if ("unavailable" in daemon) await release();
    return daemon;
  } catch (error) {
    await release();
    throw error;
  }
}

async function start(release: () => Promise<void>): Promise<DockerDaemon | NoDockerDaemon> {
  const foreign = await endLeftDaemon();
  if (foreign !== undefined) {
    return {
      unavailable: `another Docker daemon runs on this machine (pid ${foreign}), and a second one would take its network rules away`,
    };
  }
  await removeRunning();
  await mkdir(RUNNING);
  const network = await MachineNetwork.prepare(CACHED);
  const socket = `unix://${path.join(RUNNING, "docker.sock")}`;
  const log = path.join(RUNNING, "log");
  const output = openSync(log, "w");
  const daemon = spawn(
    "setpriv",
    [
      // Ends with us, however we end.
      ...["--pdeathsig", "TERM", "dockerd"],
      ...["--host", socket, "--data-root", DATA],
      ...["--exec-root", path.join(RUNNING, "exec"), "--pidfile", path.join(RUNNING, "pid")],
      ...network.options(),
    ],
    { stdio: ["ignore", output, output], detached: true },
  );
  closeSync(output);

  const docker = async (...args: readonly string[]) => {
    const { stdout } = await run("docker", args, {
      // Its classic builder: the other one is a plugin, and not always there.
      env: { ...process.env, DOCKER_HOST: socket, DOCKER_BUILDKIT: "0" },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.trim();
  };
  const end = async () => {
    await ended(daemon);
    await network.restore();
    await removeRunning();
  };

  if (!(await answers(daemon, docker))) {
    const [line] = readFileSync(log, "utf8").trimEnd().split("\n").slice(-1);
    await end();
    return { unavailable: `no Docker daemon runs here: ${line ?? "it said nothing"}` };
  }
  await clear(docker);
  await docker("image", "prune", "--force");
  return {
    socket,
    docker,
    async remove() {
      try {
        await clear(docker);
      } finally {
        await end();
        await release();
      }
    },
  };
}

/** The daemon leaves mounts there, and a killed one all of it. */
async function removeRunning(): Promise<void> {
  const mounts = read("/proc/mounts")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${RUNNING}/`));
  if (mounts.length > 0) await run("umount", ["--lazy", ...mounts.reverse()]);
  await rm(RUNNING, { recursive: true, force: true });
}

/** Ends the daemon of a run that was killed. @returns The pid of one that is not ours */
async function endLeftDaemon(): Promise<number | undefined> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    const daemons = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/comm`) === "dockerd\n")
      .map(Number);
    const foreign = daemons.find((pid) => !read(`/proc/${pid}/cmdline`).includes(`\0${DATA}\0`));
    if (foreign !== undefined || daemons.length === 0) return foreign;
    if (tries === 0) for (const pid of daemons) process.kill(pid, "SIGTERM");
    await sleep(PAUSE_MS);
  }
  throw new Error(`a Docker daemon of an earlier test run with data in ${DATA} does not end`);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // It ended meanwhile.
    return "";
  }
}

async function answers(daemon: ChildProcess, docker: DockerDaemon["docker"]): Promise<boolean> {
  for (let tries = 0; tries < START_TRIES && isAlive(daemon); tries++) {
    try {
      await docker("version");
      return true;
    } catch {
      await sleep(PAUSE_MS);
    }
  }
  return false;
}

/** Everything that tests made, of this run or of one that was killed. */
async function clear(docker: DockerDaemon["docker"]): Promise<void> {
  const list = async (...args: string[]) =>
    (await docker(...args)).split("\n").filter((line) => line !== "");
  const containers = await list("ps", "--all", "--quiet");
  if (containers.length > 0) await docker("rm", "--force", "--volumes", ...containers);
  await docker("network", "prune", "--force");
  const volumes = await list("volume", "ls", "--quiet");
  if (volumes.length > 0) await docker("volume", "rm", "--force", ...volumes);
}

async function ended(daemon: ChildProcess): Promise<void> {
  if (!isAlive(daemon)) return;
  const exit = once(daemon, "exit");
  daemon.kill("SIGTERM");
  await exit;
}

const isAlive = (child: ChildProcess) =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;
