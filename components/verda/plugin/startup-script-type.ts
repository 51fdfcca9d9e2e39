import type { ScriptAnswer } from "../client/index.ts";
import { startupScriptInputs, startupScriptState } from "../schemas/startup-script.ts";
import type { StartupScriptInputs, StartupScriptState } from "../schemas/startup-script.ts";
import { tagged, tagOf, untagged } from "../tag.ts";
import type { ResourceType } from "../../provider-plugin/resource-type.ts";
import type { Connect } from "./connection.ts";
import { createOnce } from "./create-once.ts";
import { deleteIfThere, goneAsUndefined } from "./gone.ts";

/** A script in the account. The API cannot change one. */
export function startupScriptType(
  connect: Connect,
): ResourceType<StartupScriptInputs, StartupScriptState> {
  async function look(id: string): Promise<StartupScriptState | undefined> {
    const answer = await goneAsUndefined(() => connect().script(id));
    return answer && stateOf(answer);
  }

  return {
    name: "StartupScript",
    inputs: startupScriptInputs,
    state: startupScriptState,
    secrets: [],
    replacedBy: ["name", "script"],

    async create(inputs, operation) {
      const client = connect();
      const name = tagged(inputs.name, tagOf(operation.urn));
      const find = async () => {
        const scripts = (await client.scripts()).filter((script) => script.name === name);
        const stale = scripts.filter(({ script }) => script.trim() !== inputs.script.trim());
        for (const { id } of stale) await client.deleteScript(id);
        return scripts.filter((script) => !stale.includes(script));
      };
      const make = () => client.createScript({ name, script: inputs.script });
      const what = `the start-up script ${inputs.name}`;
      const { id } = await createOnce({ what, operation, find, make, idOf: (script) => script.id });
      for (const other of await find()) if (other.id !== id) await client.deleteScript(other.id);
      return { id, state: { ...inputs, fullName: name } };
    },

    async read(state, { id }) {
      const now = await look(id);
      if (!now) return undefined;
      // Only the space around a script may differ without being a change.
      const same = now.script.trim() === state.script.trim();
      return { ...now, script: same ? state.script : now.script };
    },

    import: look,

    async delete(_state, { id }) {
      await deleteIfThere(() => connect().deleteScript(id));
    },
  };
}

function stateOf({ name, script }: ScriptAnswer): StartupScriptState {
  return { name: untagged(name), script, fullName: name };
}
