import { VerdaError } from "../client/index.ts";
import { secretInputs, secretState } from "../schemas/secret.ts";
import type { SecretInputs, SecretState } from "../schemas/secret.ts";
import { tagged, tagOf } from "../tag.ts";
import type { Operation, ResourceType } from "../../provider-plugin/resource-type.ts";
import type { Connect } from "./connection.ts";
import { deleteIfThere } from "./gone.ts";

/**
 * A secret for containers. The API gives no value back and cannot change one, so that a new value
 * is a deletion and a creation under the same name; and nothing tells a value changed by hand.
 */
export function secretType(connect: Connect): ResourceType<SecretInputs, SecretState> {
  const find = async (fullName: string) =>
    (await connect().secrets()).find(({ name }) => name === fullName);

  /** Its value is unknown to us, so one that is there already is made anew. */
  async function put(fullName: string, value: string, operation: Operation) {
    const client = connect();
    if (await find(fullName)) await deleteIfThere(() => client.deleteSecret(fullName));
    try {
      await client.createSecret({ name: fullName, value });
    } catch (error) {
      if (!(error instanceof VerdaError) || !error.ambiguous) throw error;
      operation.progress(`${error.reason}: making the secret once more`);
      await deleteIfThere(() => client.deleteSecret(fullName));
      await client.createSecret({ name: fullName, value });
    }
    return (await find(fullName))?.created_at;
  }

  return {
    name: "Secret",
    inputs: secretInputs,
    state: secretState,
    secrets: ["value"],
    replacedBy: ["name"],

    async create(inputs, operation) {
      const fullName = tagged(inputs.name, tagOf(operation.urn));
      const createdAt = await put(fullName, inputs.value, operation);
      return { id: fullName, state: { ...inputs, fullName, createdAt } };
    },

    async read(state, { id }) {
      const secret = await find(id);
      return secret && { ...state, createdAt: secret.created_at };
    },

    async update(old, next, operation) {
      const createdAt = await put(old.fullName, next.value, operation);
      return { ...next, fullName: old.fullName, createdAt };
    },

    async delete(_state, { id }) {
      await deleteIfThere(() => connect().deleteSecret(id));
    },
  };
}
