import pRetry from "p-retry";
import { z } from "zod";
import { absolutePathSchema, serviceNameSchema, serviceSpecSchema } from "../../service-spec.ts";
import { SupervisorClient } from "../client.ts";
import { ensureSupervisor } from "../ensure-supervisor.ts";
import { SupervisorEndingError, serviceStatusSchema } from "../supervisor/protocol.ts";
import { waitForHealth } from "./wait-for-health.ts";
import { PartialFailure } from "../../../provider-plugin/resource-type.ts";
import type { Operation, ResourceType } from "../../../provider-plugin/resource-type.ts";

const placeShape = { name: serviceNameSchema, directory: absolutePathSchema };
const inputsSchema = serviceSpecSchema.safeExtend(placeShape);
const stateSchema = z.object({
  ...inputsSchema.shape,
  status: serviceStatusSchema,
  pid: z.number().optional(),
  healthUrl: z.string().optional(),
});
type Inputs = z.infer<typeof inputsSchema>;
type State = z.infer<typeof stateSchema>;

/** One service, run by the stack's supervisor. */
export const processType: ResourceType<Inputs, State> = {
  name: "Process",
  inputs: inputsSchema,
  state: stateSchema,
  secrets: ["secretEnvironment"],
  replacedBy: ["name", "directory"],

  needsUpdate: ({ status }) => status !== "running",

  async create(inputs, operation) {
    const state = await bringUp(inputs, operation);
    return { id: inputs.name, state };
  },

  // A service that nobody holds is gone; one that is held but not well keeps its place, and its
  // status makes the next update start it again.
  async read(state) {
    const report = await new SupervisorClient(state.directory).service(state.name);
    if (!report) return undefined;
    return { ...state, status: report.status, pid: report.pid };
  },

  async update(_old, next, operation) {
    try {
      return await bringUp(next, operation);
    } catch (error) {
      const message = error instanceof Error ? error.message : "unknown fault";
      throw new PartialFailure(message, { ...next, status: "failed" });
    }
  },

  async delete({ directory, name }) {
    await new SupervisorClient(directory).remove(name);
  },
};

/** Starts or changes the service and waits for its health; removes it when that does not come. */
async function bringUp(inputs: Inputs, operation: Operation): Promise<State> {
  const { name, directory, ...spec } = inputs;
  const client = await pRetry(
    async () => {
      const supervisor = await ensureSupervisor(directory);
      await supervisor.put(name, spec);
      return supervisor;
    },
    // An idle supervisor may be ending just now; the next attempt starts another.
    {
      retries: 20,
      minTimeout: 250,
      factor: 1,
      shouldRetry: ({ error }) => error instanceof SupervisorEndingError,
    },
  );
  try {
    const report = await waitForHealth(client, name, spec.health, operation);
    return {
      ...inputs,
      status: report.status,
      pid: report.pid,
      healthUrl: spec.health.kind === "http" ? spec.health.url : undefined,
    };
  } catch (error) {
    await client.remove(name);
    throw error;
  }
}
