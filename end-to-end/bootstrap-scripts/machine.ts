/** A throw-away machine: a root of its own, in which a script finds pretended devices and daemons. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { copyRoot } from "./debian-root.ts";

const run = promisify(execFile);

const PRETENDED = [
  ...["sleep", "curl", "dpkg-query", "apt-get", "systemctl", "sysctl"],
  ...["blkid", "lsblk", "mkfs.ext4", "mountpoint", "mount", "mkswap", "swapon", "swapoff"],
];

/** What was there before the script: files of the pretended machine, by name. */
export type Facts = Readonly<Record<string, string>>;

export interface Ran {
  readonly code: number;
  readonly output: string;
  /** Calls of pretended commands, a line each. */
  readonly calls: readonly string[];
}

export class Machine {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** @param programs Pretended commands that are there from the start beside the usual ones. */
  static async make(programs: readonly string[], facts: Facts): Promise<Machine> {
    const home = await mkdtemp(path.join(tmpdir(), "bootstrap-scripts-"));
    const machine = new Machine(path.join(home, "root"));
    await copyRoot(machine.root);
    await mkdir(machine.path("fake/bin"), { recursive: true });
    await copyFile(path.join(import.meta.dirname, "machine.sh"), machine.path("fake/machine.sh"));
    await chmod(machine.path("fake/machine.sh"), 0o755);
    await symlink("/proc/self/fd", machine.path("dev/fd")).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    for (const program of [...PRETENDED, ...programs]) {
      await symlink("../machine.sh", machine.path(`fake/bin/${program}`));
    }
    for (const [name, text] of Object.entries(facts)) await machine.write(`fake/${name}`, text);
    return machine;
  }

  path(place: string): string {
    return path.join(this.root, place);
  }

  has(place: string): boolean {
    return existsSync(this.path(place));
  }

  async read(place: string): Promise<string> {
    return await readFile(this.path(place), "utf8");
  }

  async write(place: string, text: string): Promise<void> {
    await mkdir(path.dirname(this.path(place)), { recursive: true });
    await writeFile(this.path(place), text);
  }

  /** Puts the script where the first boot would, and runs what lies there. */
  async boot(script?: string): Promise<Ran> {
    const place = "var/lib/cloud/instance/scripts/part-001";
    if (script !== undefined) await this.write(place, script);
    await this.write("fake/calls", "");
    const { code, output } = await this.run("bash", [`/${place}`]);
    const calls = (await this.read("fake/calls")).split("\n").filter((line) => line !== "");
    return { code, output, calls };
  }

  /** A command in the root, without any network. */
  async run(program: string, args: readonly string[]): Promise<{ code: number; output: string }> {
    const PATH = "PATH=/fake/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const inside = ["chroot", this.root, "/usr/bin/env", "-i", PATH, program, ...args];
    // bash finds its pipes by /dev/fd, which is a link into /proc.
    const withProc = 'mount --rbind /proc "$0/proc" && exec "$@"';
    const namespaces = ["--mount", "--net", "sh", "-c", withProc, this.root];
    try {
      const { stdout, stderr } = await run("unshare", [...namespaces, ...inside]);
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout = "", stderr = "" } = error as Record<string, string>;
      return { code: Number(code), output: stdout + stderr };
    }
  }

  /**
   * One sum over every file with its time, every link, owner and mode outside the machine's own notes.
   * Folders' times are left out: a file that is made beside another and dropped again touches them.
   */
  async fingerprint(): Promise<string> {
    const list = `cd '${this.root}' && find . \\( -path ./fake -o -path ./proc \\) -prune -o -type d -printf '%p %m %U:%G\\n' -o -printf '%p %y %m %U:%G %l %s %T@\\n' | LC_ALL=C sort`;
    const { stdout } = await run("bash", ["-c", list], { maxBuffer: 256 * 1024 * 1024 });
    return createHash("sha256").update(stdout).digest("hex");
  }

  /** Files of the root that hold a text. */
  async filesWith(text: string): Promise<string[]> {
    const args = ["-rlF", "--exclude-dir=fake", "-e", text, this.root];
    const { stdout } = await run("grep", args).catch(() => ({ stdout: "" }));
    return stdout.split("\n").filter((line) => line !== "");
  }

  async remove(): Promise<void> {
    await rm(path.dirname(this.root), { recursive: true, force: true });
  }
}
