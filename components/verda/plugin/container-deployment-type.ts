import { isDeepStrictEqual } from "node:util";
import { VerdaError } from "../client/index.ts";
import type { DeploymentAnswer } from "../client/index.ts";
import {
  containerDeploymentInputs,
  containerDeploymentState,
} from "../schemas/container-deployment.ts";
import type {
  ContainerDeploymentInputs,
  ContainerDeploymentState,
} from "../schemas/container-deployment.ts";
import { tagOf } from "../tag.ts";
import { PartialFailure } from "../../provider-plugin/resource-type.ts";
import type { Operation, ResourceType } from "../../provider-plugin/resource-type.ts";
import type { Connect } from "./connection.ts";
import { createOnce } from "./create-once.ts";
import {
  containerBody,
  inputsOf,
  meaning,
  ownerOf,
  registryBody,
  scalingBody,
} from "./deployment-wire.ts";
import { deleteIfThere, goneAsUndefined } from "./gone.ts";
import { CancelledError, waitFor, waitUntil } from "./wait.ts";

/** Statuses that do not pass by themselves. */
const STUCK: Readonly<Record<string, string>> = {
  paused: "it is paused",
  quota_reached: "the account's quota is reached",
  terminating: "it is being deleted by somebody else",
};
const DELETE_SECONDS = 300;

/** A serverless deployment: everything but its name changes in place. */
export function containerDeploymentType(
  connect: Connect,
): ResourceType<ContainerDeploymentInputs, ContainerDeploymentState> {
  const statusOf = async (name: string) =>
    (await goneAsUndefined(() => connect().deploymentStatus(name)))?.status;
  const isTerminating = async (name: string) => (await statusOf(name)) === "terminating";

  const find = async (name: string) => {
    const deployment = await goneAsUndefined(() => connect().deployment(name));
    const status = deployment && (await statusOf(name));
    if (!deployment || status === undefined || status === "terminating") return undefined;
    return { deployment, status };
  };

  async function healthy(inputs: ContainerDeploymentInputs, operation: Operation) {
    const { name, timeoutSeconds, scaling } = inputs;
    let last = "unknown";
    const status = await waitFor({ operation, timeoutSeconds }, async (tell) => {
      ({ status: last } = await connect().deploymentStatus(name));
      const reason = STUCK[last];
      if (reason) throw new Error(`deployment ${name} does not run: ${reason}`);
      // With no replica there is nothing that could become healthy before a request comes.
      if (last === "healthy" || scaling.minReplicaCount === 0) return last;
      tell(last);
      return undefined;
    });
    if (status !== undefined) return status;
    throw new Error(
      `deployment ${name} was not healthy within ${timeoutSeconds} s; the last status was ${last}: look at its logs in Verda's console`,
    );
  }

  async function put(inputs: ContainerDeploymentInputs, present: DeploymentAnswer, owner: string) {
    const client = connect();
    await client.patchDeployment(inputs.name, {
      is_spot: inputs.isSpot,
      compute: inputs.compute,
      container_registry_settings: registryBody(inputs.containerRegistrySettings),
      containers: inputs.containers.map((container, index) => ({
        // The name that the API gave; it is how a container is addressed.
        name: present.containers[index]?.name,
        ...containerBody(container, owner),
      })),
    });
    await client.patchScaling(inputs.name, scalingBody(inputs.scaling));
    const { status } = await client.deploymentStatus(inputs.name);
    if (status === "paused") await client.resumeDeployment(inputs.name);
  }

  async function make(inputs: ContainerDeploymentInputs, owner: string, operation: Operation) {
    const client = connect();
    // One that somebody deleted just now holds the name for a while.
    await waitUntil(
      { operation, timeoutSeconds: DELETE_SECONDS },
      `the deployment ${inputs.name} of before did not end`,
      async () => !(await isTerminating(inputs.name)),
    );
    const findOwn = async () => {
      const present = await find(inputs.name);
      if (present && ownerOf(present.deployment) !== owner) {
        throw new Error(
          `there is a deployment ${inputs.name} already that is not of this stack: import it, delete it, or choose another name`,
        );
      }
      return present ? [present.deployment] : [];
    };
    const { adopted } = await createOnce({
      what: `deployment ${inputs.name}`,
      operation,
      find: findOwn,
      make: async () => (await client.createDeployment(bodyOf(inputs, owner))).name,
      idOf: ({ name }) => name,
    });
    const [present] = adopted ? await findOwn() : [];
    if (present) await put(inputs, present, owner);
  }

  async function stateOf(inputs: ContainerDeploymentInputs, status: string) {
    const { endpoint_base_url, created_at } = await connect().deployment(inputs.name);
    return { ...inputs, status, endpointBaseUrl: endpoint_base_url, createdAt: created_at };
  }

  async function look(name: string, timeoutSeconds: number) {
    const found = await find(name);
    if (!found) return undefined;
    const { deployment, status } = found;
    const scaling = await connect().scaling(name);
    const { endpoint_base_url, created_at } = deployment;
    return {
      ...inputsOf(deployment, scaling, timeoutSeconds),
      status,
      endpointBaseUrl: endpoint_base_url,
      createdAt: created_at,
    };
  }

  async function remove(name: string, operation: Operation) {
    await deleteIfThere(() => connect().deleteDeployment(name));
    const wait = { operation, timeoutSeconds: DELETE_SECONDS };
    await waitUntil(wait, `deployment ${name} was not deleted`, async () => {
      return (await goneAsUndefined(() => connect().deployment(name))) === undefined;
    });
  }

  return {
    name: "ContainerDeployment",
    inputs: containerDeploymentInputs,
    state: containerDeploymentState,
    secrets: [],
    replacedBy: ["name"],

    needsUpdate: ({ status }) => status in STUCK,

    async create(inputs, operation) {
      const { name } = inputs;
      await make(inputs, tagOf(operation.urn), operation);
      try {
        return { id: name, state: await stateOf(inputs, await healthy(inputs, operation)) };
      } catch (error) {
        const message = error instanceof Error ? error.message : "unknown fault";
        if (error instanceof CancelledError || error instanceof VerdaError) {
          throw new PartialFailure(message, await stateOf(inputs, "initializing"), name);
        }
        await remove(name, operation);
        throw new Error(`${message}; it was removed again`, { cause: error });
      }
    },

    async read(state, { id }) {
      const now = await look(id, state.timeoutSeconds);
      if (!now) return undefined;
      const same = isDeepStrictEqual(meaning(now.containers), meaning(state.containers));
      return { ...now, containers: same ? state.containers : now.containers };
    },

    import: (id) => look(id, 900),

    async update(_old, next, operation) {
      const { deployment } = (await find(next.name)) ?? {};
      if (!deployment) throw new Error(`deployment ${next.name} is gone: run the update again`);
      await put(next, deployment, tagOf(operation.urn));
      try {
        return await stateOf(next, await healthy(next, operation));
      } catch (error) {
        const message = error instanceof Error ? error.message : "unknown fault";
        const { status } = await connect().deploymentStatus(next.name);
        throw new PartialFailure(message, await stateOf(next, status));
      }
    },

    delete: (_state, operation) => remove(operation.id, operation),
  };
}

function bodyOf(inputs: ContainerDeploymentInputs, owner: string) {
  return {
    name: inputs.name,
    is_spot: inputs.isSpot,
    compute: inputs.compute,
    container_registry_settings: registryBody(inputs.containerRegistrySettings),
    containers: inputs.containers.map((container) => containerBody(container, owner)),
    scaling: scalingBody(inputs.scaling),
  };
}
