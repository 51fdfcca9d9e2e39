import { z } from "zod";
import { absolutePathSchema } from "../../service-spec.ts";
import { ensureSupervisor } from "../ensure-supervisor.ts";
import { SupervisorClient } from "../client.ts";
import { supervisorPaths } from "../paths.ts";
import { sweep } from "../sweep.ts";
import type { ResourceType } from "../../../provider-plugin/resource-type.ts";

const inputsSchema = z.strictObject({
  /** The stack's data directory. Two stacks must not share one. */
  directory: absolutePathSchema,
});
const stateSchema = z.object({
  ...inputsSchema.shape,
  pid: z.number(),
  logs: z.string(),
});
type Inputs = z.infer<typeof inputsSchema>;
type State = z.infer<typeof stateSchema>;

/** The supervisor process of a stack. Its deletion ends everything that it holds. */
export const supervisorType: ResourceType<Inputs, State> = {
  name: "Supervisor",
  inputs: inputsSchema,
  state: stateSchema,
  secrets: [],
  replacedBy: ["directory"],

  async create({ directory }) {
    const client = await ensureSupervisor(directory);
    const report = await client.supervisor();
    if (!report) throw new Error(`the supervisor of ${directory} ended: run the update again`);
    return { id: directory, state: stateOf(directory, report.pid) };
  },

  async read({ directory }) {
    const report = await new SupervisorClient(directory).supervisor();
    return report && stateOf(directory, report.pid);
  },

  async delete({ directory }) {
    await sweep(directory);
  },
};

function stateOf(directory: string, pid: number): State {
  return { directory, pid, logs: supervisorPaths(directory).logs };
}
