/** Reads a stack's one output. */
import { platformSchema, type Platform } from "../stacks/outputs.ts";
import { findStack } from "./engine/stack.ts";
import { runOperation } from "./run-operation.ts";
import { readStackFile } from "./stack-settings.ts";
import { VisibleError } from "./visible-error.ts";

/** @throws VisibleError when the stack is not up */
export async function readPlatform(stackName: string): Promise<Platform> {
  readStackFile(stackName);
  let value: unknown;
  await runOperation(async () => {
    const stack = await findStack(stackName);
    value = (await stack?.outputs())?.platform?.value;
  });
  const platform = platformSchema.safeParse(value);
  if (!platform.success) {
    throw new VisibleError(
      `Stack ${stackName} is not up: start it with ${stackName === "local" ? "npm start" : `npx comfymulti up ${stackName}`}.`,
    );
  }
  return platform.data;
}
