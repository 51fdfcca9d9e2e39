/** Room on the disks: of this machine, which holds the state, and of the stack's own machines. */
import { existsSync, statfsSync } from "node:fs";
import { workDirectory } from "../../../stacks/places.ts";
import type { Platform } from "../../../stacks/outputs.ts";
import { machinesOf, runOn } from "../../logs/machines.ts";
import { fault, fine, type Check, type Finding } from "../check.ts";

/** A day's videos of twenty people are a few of these. */
const LEAST_FREE_GB = 5;
const MOST_USED_SHARE = 0.9;
const BYTES_PER_GB = 1e9;

export interface Disk {
  /** `/srv on ssh://root@192.0.2.7` */
  readonly name: string;
  readonly bytes: number;
  readonly freeBytes: number;
}

export const diskCheck: Check = {
  name: "disk space",
  async look({ platform, view }) {
    const here = [workDirectory, ...ownFolders(platform)].filter((folder) => existsSync(folder));
    const local = [
      ...new Map(here.map((folder) => [deviceKey(folder), diskHere(folder)])).values(),
    ];
    const remote = await Promise.all(
      machinesOf(view.resources).map(async (machine) => {
        const { code, stdout } = await runOn(machine, [
          "df",
          "-Pk",
          "-x",
          "tmpfs",
          "-x",
          "overlay",
        ]);
        return code === 0
          ? diskFindings(disksOf(stdout, machine.address))
          : [
              fault(
                `${machine.address} does not answer.`,
                "Check that the machine runs and that you are in its private network.",
              ),
            ];
      }),
    );
    const all = [...diskFindings(local), ...remote.flat()];
    const faults = all.filter(({ isFine }) => !isFine);
    return faults.length > 0 ? faults : all;
  },
};

const ownFolders = ({ directories }: Platform) =>
  directories ? [directories.data, directories.outputs] : [];

/** Two folders of one disk have the same of everything. */
const deviceKey = (folder: string) => {
  const { type, blocks, bfree } = statfsSync(folder);
  return `${type} ${blocks} ${bfree}`;
};

function diskHere(folder: string): Disk {
  const { blocks, bavail, bsize } = statfsSync(folder);
  return { name: folder, bytes: blocks * bsize, freeBytes: bavail * bsize };
}

const SMALLEST_BYTES = 2e9;

/** @param text What `df -Pk` prints; small partitions, as for booting, are left out. */
export function disksOf(text: string, address: string): Disk[] {
  return text
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter(([device = ""]) => !/^(udev|efivarfs|devtmpfs|shm)$/.test(device))
    .map(([, blocks, , free, , ...place]) => ({
      name: `${place.join(" ")} on ${address}`,
      bytes: Number(blocks) * 1024,
      freeBytes: Number(free) * 1024,
    }))
    .filter(({ bytes }) => bytes >= SMALLEST_BYTES);
}

export function diskFindings(disks: readonly Disk[]): Finding[] {
  return disks.map(({ name, bytes, freeBytes }) => {
    const free = `${(freeBytes / BYTES_PER_GB).toFixed(1)} GB`;
    const isFull =
      freeBytes < LEAST_FREE_GB * BYTES_PER_GB && 1 - freeBytes / bytes > MOST_USED_SHARE;
    return isFull
      ? fault(
          `${name} has ${free} left.`,
          "Delete what is no longer needed, or give it a larger disk; outputs are most of it.",
        )
      : fine(`${free} free in ${name}`);
  });
}
