/** A minimal Debian by debootstrap, made once for all checkouts, and throw-away copies of it. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** nftables reads the rendered firewall. The rest of what scripts install is pretended. */
const PACKAGES = "nftables";
const CACHED = path.join(homedir(), ".cache", "comfymulti", "debian-root", `bookworm-${PACKAGES}`);

/** Why no root can be made here; undefined when it can. */
export async function whyNoRoot(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "it needs root, for chroot";
  try {
    await run("unshare", ["--mount", "--net", "true"]);
  } catch {
    return "this machine does not let a process have namespaces of its own";
  }
  if (existsSync(CACHED)) return undefined;
  const fresh = `${CACHED}.${process.pid}`;
  try {
    await mkdir(path.dirname(CACHED), { recursive: true });
    await run("debootstrap", ["--variant=minbase", `--include=${PACKAGES}`, "bookworm", fresh], {
      maxBuffer: 64 * 1024 * 1024,
    });
    await rename(fresh, CACHED);
    return undefined;
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Another run may have been faster.
    if (existsSync(CACHED)) return undefined;
    return `debootstrap can't make a Debian here: ${error instanceof Error ? error.message : ""}`;
  }
}

/** Copies the root to a place that does not exist yet. */
export async function copyRoot(place: string): Promise<void> {
  await run("cp", ["--archive", "--reflink=auto", CACHED, place]);
}
