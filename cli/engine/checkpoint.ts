/**
 * Keeps a full disk from ruining a stack. The engine writes its checkpoint in place, so a disk that
 * fills up cuts it off, and an engine that finds a cut-off checkpoint refuses to start.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statfsSync } from "node:fs";
import path from "node:path";
import { sweep } from "../../components/hosts/index.ts";
import { stackDirectories, workDirectory } from "../../stacks/places.ts";
import { VisibleError } from "../visible-error.ts";
import { stateDirectory } from "./environment.ts";

/** State, logs and the queue of a day's workshop fit well; pictures need more, as they come. */
const LEAST_FREE_BYTES = 200e6;

/** @throws VisibleError before anything is begun that a full disk would cut off */
export function requireDiskSpace(): void {
  mkdirSync(workDirectory, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = statfsSync(workDirectory);
  const free = bavail * bsize;
  if (free >= LEAST_FREE_BYTES) return;
  const megabytes = (bytes: number) => `${Math.floor(bytes / 1e6)} MB`;
  throw new VisibleError(
    `The disk of ${workDirectory} has ${megabytes(free)} free, and a stack needs ${megabytes(LEAST_FREE_BYTES)} to start: free some space, or set COMFYMULTI_HOME to a folder on a larger disk, and run the same command again.`,
  );
}

/**
 * Puts a cut-off checkpoint right: the one before it, which the engine keeps, or, when that is cut
 * off as well, none at all. What it knew of then runs on without an owner, so it is ended here.
 * Does nothing for a backend that is not this checkout's own.
 */
export async function repairCheckpoint(projectName: string, stackName: string): Promise<void> {
  const file = path.join(stateDirectory, ".pulumi", "stacks", projectName, `${stackName}.json`);
  if (!existsSync(file) || isWhole(file)) return;
  const before = `${file}.bak`;
  renameSync(file, `${file}.cut-off`);
  if (isWhole(before)) {
    copyFileSync(before, file);
    console.log(
      "  ! the stack's state was cut off (by a full disk?): going on from the one before",
    );
    return;
  }
  console.log("  ! the stack's state was cut off (by a full disk?): making the stack anew");
  await sweep(stackDirectories(stackName).data);
}

function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}
