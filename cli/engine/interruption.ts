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
import { VisibleError } from "../visible-error.ts";
import { stateDirectory } from "./environment.ts";

const lockSchema = z.looseObject({ pid: z.number(), hostname: z.string() });
const deploymentSchema = z.looseObject({
  pending_operations: z.array(z.unknown()).nullish(),
});

export async function resumeAfterInterruption(stack: Stack): Promise<void> {
  const { name: projectName } = await stack.workspace.projectSettings();
  if (hasDeadLock(stack.name, projectName)) await stack.cancel();
  const { deployment } = await stack.exportStack();
  const pending = deploymentSchema.safeParse(deployment).data?.pending_operations ?? [];
  if (pending.length > 0) await stack.refresh({ clearPendingCreates: true });
}

/** @throws VisibleError when a live process holds the stack */
function hasDeadLock(stackName: string, projectName: string): boolean {
  const folder = path.join(
    stateDirectory,
    ".pulumi",
    "locks",
    "organization",
    projectName,
    stackName,
  );
  let dead = false;
  for (const file of listFiles(folder)) {
    const lock = lockSchema.safeParse(JSON.parse(readFileSync(path.join(folder, file), "utf8")));
    if (!lock.success || lock.data.hostname !== hostname()) continue;
    if (isAlive(lock.data.pid)) {
      throw new VisibleError(
        `Another pulumi (pid ${lock.data.pid}) is at work on stack ${stackName}: wait for it to end, then run the same command again.`,
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
