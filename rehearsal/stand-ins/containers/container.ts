/** `docker.Container`, run by a daemon. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { realType, type Properties } from "../real-type.ts";
import { containerInputsSchema, type ContainerInputs } from "./container-inputs.ts";
import { containerOptions, endpoint, updatable } from "./container-options.ts";
import { inDockersWords, orAlready, orGone, type Daemon } from "./daemon.ts";
import { stillRunning, untilHealthy } from "./health.ts";
import { putUploads } from "./uploads.ts";

/** Seconds that the docker package waits by default for a healthy container. */
const WAIT_SECONDS = 60;

/**
 * What a container that runs can't be given, and the real provider doesn't replace it for: it leaves
 * the old in place and says that it is done.
 */
const fixed = ["healthcheck", "init", "tmpfs"] as const satisfies (keyof ContainerInputs)[];

export function realContainer(daemon: Daemon) {
  const { docker } = daemon;

  async function create(inputs: ContainerInputs) {
    const image = await daemon.image(inputs.image);
    if (inputs.gpus !== undefined) await daemon.requireGpus();
    const known = (await orGone(docker.getImage(inputs.image).inspect())) ? inputs.image : image.Id;
    const container = await docker.createContainer(containerOptions(inputs, known));
    try {
      for (const joined of (inputs.networksAdvanced ?? []).slice(1)) {
        await docker
          .getNetwork(joined.name)
          .connect({ Container: container.id, EndpointConfig: endpoint(joined) });
      }
      await putUploads(container, inputs.uploads ?? []);
      await container.start();
      if (inputs.wait === true) {
        await untilHealthy(container, inputs.waitTimeout ?? WAIT_SECONDS);
      } else if (inputs.mustRun !== false) await stillRunning(container);
      return { id: container.id, outputs: { networkDatas: await networksOf(container.id) } };
    } catch (error) {
      await orAlready(container.remove({ force: true, v: true }));
      throw error;
    }
  }

  async function networksOf(id: string) {
    const { NetworkSettings } = await docker.getContainer(id).inspect();
    return Object.entries(NetworkSettings.Networks).map(([networkName, network]) => ({
      networkName,
      ipAddress: network.IPAddress,
      ipPrefixLength: network.IPPrefixLen,
      gateway: network.Gateway,
      macAddress: network.MacAddress,
    }));
  }

  return realType(containerInputsSchema, {
    async create(inputs) {
      try {
        return await create(inputs);
      } catch (error) {
        throw new Error(`container ${inputs.name}: ${inDockersWords(error).message}`, {
          cause: error,
        });
      }
    },

    async read(id, state) {
      const found = await orGone(docker.getContainer(id).inspect());
      if (!found) return undefined;
      if (!found.State.Running && !found.State.Restarting && state["mustRun"] !== false) {
        // As the real provider does: one that stands still is in the way of the next.
        await remove(id, state);
        return undefined;
      }
      const wanted = await daemon.findImage(z.string().parse(state["image"]));
      return wanted && wanted.Id !== found.Image ? { image: found.Image } : {};
    },

    async update(id, inputs, state) {
      const before = containerInputsSchema.strip().parse(state);
      const changed = fixed.find((name) => !isDeepStrictEqual(inputs[name], before[name]));
      if (changed !== undefined) {
        throw new Error(
          `container ${inputs.name}: ${changed} of a container that runs can't change, and the real provider would leave the old one without a word: have the container replaced`,
        );
      }
      try {
        await docker.getContainer(id).update(updatable(inputs));
      } catch (error) {
        throw inDockersWords(error);
      }
      return {};
    },

    delete: remove,
  });

  async function remove(id: string, state: Properties): Promise<void> {
    const { destroyGraceSeconds, removeVolumes } = handlingSchema.parse(state);
    const container = docker.getContainer(id);
    if (destroyGraceSeconds > 0) await orAlready(container.stop({ t: destroyGraceSeconds }));
    await orAlready(container.remove({ force: true, v: removeVolumes }));
  }
}

const handlingSchema = z.object({
  destroyGraceSeconds: z.number().default(0),
  removeVolumes: z.boolean().default(true),
});
