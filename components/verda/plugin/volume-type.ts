import { VerdaError } from "../client/index.ts";
import type { VolumeAnswer } from "../client/index.ts";
import { volumeInputs, volumeState, volumeType as typeSchema } from "../schemas/volume.ts";
import type { VolumeInputs, VolumeState } from "../schemas/volume.ts";
import { tagged, tagOf, untagged } from "../tag.ts";
import { PartialFailure } from "../../provider-plugin/resource-type.ts";
import type { ResourceType } from "../../provider-plugin/resource-type.ts";
import type { Connect } from "./connection.ts";
import { createOnce } from "./create-once.ts";
import {
  attachedTo,
  isThere,
  removeVolume,
  settledVolume,
  volumeIfThere,
  whenSettled,
} from "./volumes.ts";
import { CancelledError, waitFor } from "./wait.ts";

/** Ready for an instance; the names that a shared filesystem's states have are not certain. */
const READY = ["detached", "attached", "created", "exported"];
const FAILED = ["canceled", "canceling", "error"];

export function volumeType(connect: Connect): ResourceType<VolumeInputs, VolumeState> {
  async function ready(id: string, inputs: VolumeInputs, wait: Parameters<typeof waitFor>[0]) {
    const volume = await waitFor(wait, async (tell) => {
      const now = await volumeIfThere(connect(), id);
      tell(now?.status ?? "not visible yet");
      if (now && FAILED.includes(now.status)) {
        throw new Error(
          `volume ${inputs.name} became ${now.status}: choose another type or location`,
        );
      }
      return now && READY.includes(now.status) && now.size >= inputs.size ? now : undefined;
    });
    if (volume) return volume;
    throw new Error(`volume ${inputs.name} was not ready within ${inputs.timeoutSeconds} s`);
  }

  return {
    name: "Volume",
    inputs: volumeInputs,
    state: volumeState,
    secrets: [],
    replacedBy: ["type", "locationCode"],

    check({ type, size }, old) {
      const faults = [];
      if (type === "HDD" && old?.type !== "HDD") {
        faults.push({ property: "type", reason: "Verda makes no new HDD volumes: choose NVMe" });
      }
      if (type === "HDD" && old && size > old.size) {
        faults.push({ property: "size", reason: "an HDD volume can't grow any more" });
      }
      return Promise.resolve(faults);
    },

    replaces(old, next) {
      const stays = old.type === next.type && old.locationCode === next.locationCode;
      if (stays && next.size < old.size) {
        throw new Error(
          `size: volume ${next.name} has ${old.size} GB and can't shrink to ${next.size}: declare ${old.size} or more, or make a new volume under another name and copy what it holds`,
        );
      }
      return [];
    },

    async create(inputs, operation) {
      const client = connect();
      const fullName = tagged(inputs.name, tagOf(operation.urn));
      const find = async () =>
        (await client.volumes()).filter((volume) => volume.name === fullName && isThere(volume));
      const what = `volume ${inputs.name}`;
      const make = () =>
        client.createVolume({
          name: fullName,
          type: inputs.type,
          size: inputs.size,
          location_code: inputs.locationCode,
        });
      const idOf = ({ id }: VolumeAnswer) => id;
      const { id, adopted } = await createOnce({ what, operation, find, make, idOf });
      const wait = { operation, timeoutSeconds: inputs.timeoutSeconds };
      try {
        const found = await volumeIfThere(client, id);
        if (found) refuseOther(found, inputs);
        if (found && found.size < inputs.size) {
          const resize = { id, action: "resize", size: inputs.size } as const;
          await whenSettled(client, [id], wait, () => client.actOnVolume(resize));
        }
        const volume = await ready(id, inputs, wait);
        // A call whose answer was lost may have had its effect late; the copy is empty.
        for (const other of await find()) {
          if (other.id !== id) await removeVolume(client, other.id, true, operation);
        }
        return { id, state: stateOf(volume, inputs) };
      } catch (error) {
        if (error instanceof OtherVolumeError) throw error;
        const volume = await volumeIfThere(client, id);
        if (!volume) throw error;
        const message = error instanceof Error ? error.message : "unknown fault";
        // One that was there before may hold data; and a cancelled wait is no fault of a volume's.
        if (adopted || error instanceof CancelledError || error instanceof VerdaError) {
          throw new PartialFailure(message, stateOf(volume, inputs), id);
        }
        await removeVolume(client, id, true, operation);
        throw new Error(`${message}; it was deleted again`, { cause: error });
      }
    },

    async read(state, { id }) {
      const volume = await volumeIfThere(connect(), id);
      return volume && stateOf(volume, state);
    },

    async import(id) {
      const volume = await volumeIfThere(connect(), id);
      if (!volume) return undefined;
      return stateOf(volume, { purge: false, timeoutSeconds: 300 });
    },

    async update(old, next, operation) {
      const client = connect();
      const { id } = operation;
      const wait = { operation, timeoutSeconds: next.timeoutSeconds };
      if (old.name !== next.name) {
        const fullName = tagged(next.name, tagOf(operation.urn));
        await client.actOnVolume({ id, action: "rename", name: fullName });
      }
      if (next.size > old.size) {
        const resize = { id, action: "resize", size: next.size } as const;
        await grow(
          whenSettled(client, [id], wait, () => client.actOnVolume(resize)),
          next,
        );
      }
      return stateOf(await ready(id, next, wait), next);
    },

    async delete({ purge, timeoutSeconds }, operation) {
      const client = connect();
      const { id } = operation;
      const wait = { operation, timeoutSeconds };
      const volume = await settledVolume(client, id, wait);
      for (const instance of volume ? attachedTo(volume) : []) {
        const detach = { id, action: "detach", instance_id: instance } as const;
        await whenSettled(client, [id], wait, () => client.actOnVolume(detach));
      }
      await removeVolume(client, id, purge, operation);
    },
  };
}

class OtherVolumeError extends Error {}

function refuseOther(found: VolumeAnswer, { name, type, locationCode }: VolumeInputs): void {
  if (found.type === type && found.location === locationCode) return;
  throw new OtherVolumeError(
    `volume ${found.name} (${found.id}) was left by an earlier update as ${found.type} in ${found.location}, and ${name} is declared as ${type} in ${locationCode}: delete it in Verda's console or import it`,
  );
}

async function grow(resize: Promise<unknown>, { name }: VolumeInputs): Promise<void> {
  try {
    await resize;
  } catch (error) {
    if (!(error instanceof VerdaError) || ![400, 403].includes(error.status)) throw error;
    throw new Error(
      `${error.message} Volume ${name} may have to be detached, or its instance shut down, before it grows.`,
      { cause: error },
    );
  }
}

/** @param declared What the API does not know. */
function stateOf(
  volume: VolumeAnswer,
  { purge, timeoutSeconds }: Pick<VolumeInputs, "purge" | "timeoutSeconds">,
): VolumeState {
  return {
    name: untagged(volume.name),
    type: typeSchema.parse(volume.type),
    size: volume.size,
    locationCode: volume.location,
    purge,
    timeoutSeconds,
    fullName: volume.name,
    status: volume.status,
    instanceIds: attachedTo(volume),
    pseudoPath: volume.pseudo_path,
    mountCommand: volume.mount_command,
    createDirectoryCommand: volume.create_directory_command,
    fstabCommand: volume.filesystem_to_fstab_command,
    monthlyPrice: volume.monthly_price ?? undefined,
    currency: volume.currency,
    createdAt: volume.created_at,
  };
}
