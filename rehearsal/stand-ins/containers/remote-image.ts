/** `docker.RemoteImage`: an image that the daemon has to have already. */
import { z } from "zod";
import { realType } from "../real-type.ts";
import { orAlready, type Daemon } from "./daemon.ts";

const inputsSchema = z.strictObject({
  name: z.string(),
  keepLocally: z.boolean().optional(),
  forceRemove: z.boolean().optional(),
  /** Only there to be a change. */
  triggers: z.record(z.string(), z.string()).optional(),
  pullTriggers: z.array(z.string()).optional(),
});

export function realRemoteImage(daemon: Daemon) {
  return realType(inputsSchema, {
    async create({ name }) {
      const { Id, RepoDigests = [] } = await daemon.image(name);
      // One that was built here has no digest of a registry; its id does the same here.
      return { id: `${Id}${name}`, outputs: { imageId: Id, repoDigest: RepoDigests[0] ?? Id } };
    },
    async read(_id, state) {
      return (await daemon.findImage(nameIn(state))) && {};
    },
    async delete(_id, state) {
      if (state["keepLocally"] === true) return;
      const image = daemon.docker.getImage(nameIn(state));
      await orAlready(image.remove({ force: state["forceRemove"] === true }));
    },
  });
}

const nameIn = (state: Readonly<Record<string, unknown>>) => z.string().parse(state["name"]);
