/** One preview of a stack, in a process of its own: `node preview-stack.ts STACK with|without` the policies. */
import { openStack } from "../../cli/engine/stack.ts";
import { policyPacks } from "../../cli/policy-packs.ts";

const [stackName = "", packs] = process.argv.slice(2);
const stack = await openStack(stackName);
await stack.preview(packs === "with" ? { policyPacks: policyPacks() } : {});
