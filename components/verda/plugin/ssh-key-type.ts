import type { SshKeyAnswer } from "../client/index.ts";
import { sshKeyInputs, sshKeyState } from "../schemas/ssh-key.ts";
import type { SshKeyInputs, SshKeyState } from "../schemas/ssh-key.ts";
import { tagged, tagOf, untagged } from "../tag.ts";
import type { ResourceType } from "../../provider-plugin/resource-type.ts";
import type { Connect } from "./connection.ts";
import { createOnce } from "./create-once.ts";
import { deleteIfThere, goneAsUndefined } from "./gone.ts";

/** A public key in the account. The API cannot change one. */
export function sshKeyType(connect: Connect): ResourceType<SshKeyInputs, SshKeyState> {
  async function look(id: string): Promise<SshKeyState | undefined> {
    const answer = await goneAsUndefined(() => connect().sshKey(id));
    return answer && stateOf(answer);
  }

  return {
    name: "SshKey",
    inputs: sshKeyInputs,
    state: sshKeyState,
    secrets: [],
    replacedBy: ["name", "publicKey"],

    async create(inputs, operation) {
      const client = connect();
      const name = tagged(inputs.name, tagOf(operation.urn));
      const find = async () => {
        const keys = (await client.sshKeys()).filter((key) => key.name === name);
        const stale = keys.filter(({ key }) => key.trim() !== inputs.publicKey.trim());
        for (const { id } of stale) await client.deleteSshKey(id);
        return keys.filter((key) => !stale.includes(key));
      };
      const make = () => client.createSshKey({ name, key: inputs.publicKey });
      const what = `the SSH key ${inputs.name}`;
      const { id } = await createOnce({ what, operation, find, make, idOf: (key) => key.id });
      for (const other of await find()) if (other.id !== id) await client.deleteSshKey(other.id);
      const { fingerprint } = (await look(id)) ?? {};
      return { id, state: { ...inputs, fullName: name, fingerprint } };
    },

    async read(state, { id }) {
      const now = await look(id);
      if (!now) return undefined;
      // Only the space around a key may differ without being a change.
      const same = now.publicKey.trim() === state.publicKey.trim();
      return { ...now, publicKey: same ? state.publicKey : now.publicKey };
    },

    import: look,

    async delete(_state, { id }) {
      await deleteIfThere(() => connect().deleteSshKey(id));
    },
  };
}

function stateOf({ name, key, fingerprint }: SshKeyAnswer): SshKeyState {
  return { name: untagged(name), publicKey: key, fullName: name, fingerprint };
}
