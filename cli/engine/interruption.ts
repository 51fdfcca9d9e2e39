/**
 * What an interrupted run leaves behind, put in order before the next one: the engine's lock of a
 * process that is gone, and creations that it began and never recorded. The providers' creations
 * are idempotent, so that doing them again adopts what is there.
 */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { z } from "zod";
import { identify, waitUntil } from "../../components/hosts/index.ts";
import { VisibleError } from "../visible-error.ts";
import { stateDirectory } from "./environment.ts";

/** An engine that was told to stop finishes what it has begun, ms. */
const PATIENCE_MS = 20_000;

const lockSchema = z.looseObject({ pid: z.number(), hostname: z.string() });
const deploymentSchema = z.looseObject({
  pending_operations: z.array(z.unknown()).nullish(),
});

export async function resumeAfterInterruption(stack: Stack): Promise<void> {
  const { name: projectName } = await stack.workspace.projectSettings();
  if (await hasDeadLock(stack.name, projectName)) await stack.cancel();
  const { deployment } = await stack.exportStack();
  const pending = deploymentSchema.safeParse(deployment).data?.pending_operations ?? [];
  if (pending.length > 0) await stack.refresh({ clearPendingCreates: true });
}

/**
 * Waits for an engine that is about to end, as one is after Ctrl-C or when its terminal was closed.
 *
 * @throws VisibleError when it goes on working
 */
async function hasDeadLock(stackName: string, projectName: string): Promise<boolean> {
  const locks = path.join(stateDirectory, ".pulumi", "locks", "organization", projectName);
  const folder = path.join(locks, stackName);
  let dead = false;
  for (const file of listFiles(folder)) {
    const lock = readLock(path.join(folder, file));
    if (lock?.hostname !== hostname()) continue;
    if (!(await waitUntil(() => !isEngine(lock.pid), PATIENCE_MS))) {
      throw new VisibleError(
        `Another pulumi (pid ${lock.pid}) is at work on stack ${stackName}: wait for it to end, then run the same command again.`,
      );
    }
    dead = true;
  }
  return dead;
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith(".json"));
  } catch {
    return [];
  }
}

function readLock(file: string): z.infer<typeof lockSchema> | undefined {
  try {
    return lockSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    // Its engine has just ended and taken it away.
    return undefined;
  }
}

/** Whether this pid is a running engine; it may long be somebody else's. */
function isEngine(pid: number): boolean {
  try {
    return (
      identify(pid) !== undefined && readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("pulumi")
    );
  } catch {
    return false;
  }
}
