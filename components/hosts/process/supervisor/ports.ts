import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import type { Listen } from "../../service-spec.ts";
import { ServiceError } from "./protocol.ts";

/** Throws a sentence naming the holder when an address is not free. */
export async function requireFree(listens: readonly Listen[]): Promise<void> {
  for (const { host, port, purpose } of listens) {
    const fault = await tryListen(host, port);
    if (fault === undefined) continue;
    if (fault !== "EADDRINUSE") {
      throw new ServiceError(
        `${host}:${port} (${purpose}) cannot be listened on (${fault}): choose another address`,
      );
    }
    const holder = portHolder(port);
    const by = holder ? ` (by ${holder.name}, pid ${holder.pid})` : "";
    throw new ServiceError(
      `port ${port} is taken${by}: stop it or set comfymulti:${purpose} to a free port`,
    );
  }
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((answer) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => answer(error.code ?? error.message));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => answer(undefined)));
  });
}

/**
 * Who listens on a TCP port, as far as /proc tells: another user's process stays unnamed.
 */
export function portHolder(port: number): { name: string; pid: number } | undefined {
  const inodes = new Set([
    ...listeningInodes("/proc/net/tcp", port),
    ...listeningInodes("/proc/net/tcp6", port),
  ]);
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    if (holdsSocket(pid, inodes)) {
      return { name: readFileSync(`/proc/${pid}/comm`, "utf8").trim(), pid: Number(pid) };
    }
  }
  return undefined;
}

function listeningInodes(table: string, port: number): string[] {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
  const LISTEN = "0A";
  return read(table)
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((field) => field[1]?.endsWith(`:${hexadecimal}`) && field[3] === LISTEN)
    .flatMap((field) => field[9] ?? []);
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      const target = linkTarget(`/proc/${pid}/fd/${descriptor}`);
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    return false; // another user's process, or one that has just ended
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
