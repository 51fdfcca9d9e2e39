/** The resource `Instance`; its parts: `instance-create.ts`, `instance-delete.ts`, `instance-state.ts`. */
import { instanceInputs, instanceState } from "../schemas/instance.ts";
import type { InstanceInputs, InstanceState } from "../schemas/instance.ts";
import { PartialFailure } from "../../provider-plugin/resource-type.ts";
import type { ResourceType } from "../../provider-plugin/resource-type.ts";
import { attachVolumes } from "./attach-volumes.ts";
import type { Connect } from "./connection.ts";
import { checkInstance } from "./instance-check.ts";
import { createInstance } from "./instance-create.ts";
import { deleteInstance } from "./instance-delete.ts";
import { importedInputs, instanceIfThere, stateOf } from "./instance-state.ts";
import { untilRunning } from "./instance-running.ts";

export function instanceType(connect: Connect): ResourceType<InstanceInputs, InstanceState> {
  return {
    name: "Instance",
    inputs: instanceInputs,
    state: instanceState,
    secrets: [],
    // The API has no call that changes an instance.
    replacedBy: ["hostname", "instanceType", "image", "isSpot", "sshKeyIds", "osVolume", "volumes"],

    // The script runs at the first boot alone.
    atCreationOnly: ["startupScriptId"],

    check: (inputs, old) => checkInstance(connect, inputs, old),

    // A longer list of places is no reason to move.
    replaces: (old, next) =>
      next.locationCodes.includes(old.locationCode) ? [] : ["locationCodes"],

    needsUpdate: ({ status }) => status !== "running",

    create: (inputs, operation) => createInstance(connect(), inputs, operation),

    async read(state, { id }) {
      const client = connect();
      const instance = await instanceIfThere(client, id);
      return instance && stateOf(instance, state, state.volumeIds, await client.volumes());
    },

    async import(id) {
      const client = connect();
      const instance = await instanceIfThere(client, id);
      if (!instance) return undefined;
      const volumes = await client.volumes();
      return stateOf(instance, importedInputs(instance, volumes), [], volumes);
    },

    async update(old, next, operation) {
      const client = connect();
      const { id } = operation;
      try {
        await attachVolumes(client, old, next, operation);
        const instance = await untilRunning(client, id, next, operation, { start: true });
        return stateOf(instance, next, old.volumeIds, await client.volumes());
      } catch (error) {
        const instance = await instanceIfThere(client, id);
        if (!instance) throw error;
        const message = error instanceof Error ? error.message : "unknown fault";
        throw new PartialFailure(
          message,
          stateOf(instance, next, old.volumeIds, await client.volumes()),
        );
      }
    },

    delete: (state, operation) => deleteInstance(connect(), state, operation),
  };
}
