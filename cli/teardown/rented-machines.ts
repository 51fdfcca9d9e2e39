/**
 * What was done on a rented machine over ssh goes with the machine. Without this the engine would first
 * undo it there: a machine that was taken back, or can't be reached from here, could not be given back.
 */
import { z } from "zod";
import { without } from "../engine/lost-machines.ts";

const RENTED = "comfymulti:gpu:GpuWorker$";
const DONE_THERE = ["docker:index/remoteImage:RemoteImage", "command:remote:Command"];

const deploymentSchema = z.looseObject({
  resources: z
    .array(z.looseObject({ urn: z.string(), type: z.string() }))
    .nullish()
    .transform((list) => list ?? []),
});

/** The deployment, as the engine exports it, without what was done there. */
export function withoutWorkOnMachines(deployment: unknown): object {
  const state = deploymentSchema.parse(deployment ?? {});
  const forgotten = state.resources
    .filter(({ urn, type }) => DONE_THERE.includes(type) && urn.includes(RENTED))
    .map(({ urn }) => urn);
  return without(state, forgotten);
}
