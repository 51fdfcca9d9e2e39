/** Takes a stack down and proves that nothing of it runs any more. */
import { rmSync } from "node:fs";
import { sweep } from "../../components/hosts/index.ts";
import { stackDirectories } from "../../stacks/places.ts";
import { resumeAfterInterruption } from "../engine/interruption.ts";
import { findStack } from "../engine/stack.ts";
import { runOperation } from "../run-operation.ts";
import { readStackFile } from "../stack-settings.ts";

/**
 * @param purge Also removes the stack's data: pictures, workflows, queue, logs.
 */
export async function down(stackName: string, { purge }: { purge: boolean }): Promise<void> {
  readStackFile(stackName);
  const { data } = stackDirectories(stackName);
  console.log(`\nStack ${stackName}`);
  const found = { stack: false };
  const changes = await runOperation(async (options) => {
    const stack = await findStack(stackName);
    if (!stack) return;
    found.stack = true;
    await resumeAfterInterruption(stack);
    await stack.destroy(options);
  });
  const swept = await sweep(data);
  for (const { kind, name, pid } of swept) console.log(`  - ${kind} ${name} (pid ${pid}) ended`);
  if (purge) rmSync(data, { recursive: true, force: true });
  if (!found.stack && swept.length === 0) console.log("  nothing to stop: it is not up");
  else console.log(changes === 0 ? "  nothing was running" : `  ${changes} resources removed`);
  console.log(
    purge
      ? "Nothing of it runs any more, and its data is gone."
      : `Nothing of it runs any more. Pictures, workflows and logs stay in ${data} (comfymulti down --purge removes them).`,
  );
}
