/** `/volumes`: list, read, create, act on, delete and tag. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { findInstance } from "../world/instances.ts";
import { forbidden, invalid, notFound } from "../world/refusal.ts";
import {
  volumeStatusSchema,
  volumeTypeSchema,
  type InstanceRecord,
  type VolumeRecord,
} from "../world/state.ts";
import { isShared } from "../world/volume-steps.ts";
import {
  addVolume,
  attach,
  checkNewVolumes,
  clone,
  detach,
  findVolume,
  remove,
  rename,
  resize,
  restore,
} from "../world/volumes.ts";
import type { World } from "../world/world.ts";
import { flag, ids, nameSchema, newTags, parse, sizeSchema } from "./body.ts";
import { idParameters, tagFilter, tagRoutes, withIds } from "./tags.ts";
import { volumeView } from "./views.ts";

const target = { instance_id: z.string().max(200).optional(), instance_ids: ids.optional() };

const createBody = z.strictObject({
  type: volumeTypeSchema,
  location_code: z.string(),
  name: nameSchema,
  size: sizeSchema,
  ...target,
  tags: newTags.default([]),
});

const actionBody = z.discriminatedUnion("action", [
  z.strictObject({ id: ids, action: z.literal("attach"), ...target }),
  z.strictObject({ id: ids, action: z.literal("detach"), ...target }),
  z.strictObject({ id: ids, action: z.literal("rename"), name: nameSchema }),
  z.strictObject({ id: ids, action: z.literal("resize"), size: sizeSchema }),
  z.strictObject({
    id: ids,
    action: z.literal("clone"),
    name: nameSchema.optional(),
    type: volumeTypeSchema.optional(),
    location_code: z.string().optional(),
  }),
  z.strictObject({
    id: ids,
    action: z.literal("delete"),
    is_permanent: z.boolean().default(false),
  }),
  z.strictObject({ id: ids, action: z.literal("restore") }),
]);

const deleteBody = z.strictObject({ is_permanent: z.boolean().default(false) });
/** Sent by the Go SDK. */
const deleteQuery = z.strictObject({ force: flag.optional() });
const listQuery = z.strictObject({ status: volumeStatusSchema.optional(), tag: tagFilter });

export function volumeRoutes(server: FastifyInstance, world: World): void {
  const list = (wanted: (volume: VolumeRecord) => boolean) => {
    world.settle();
    return Object.values(world.state.volumes)
      .filter(wanted)
      .map((volume) => volumeView(world, volume));
  };
  server.get("/volumes", ({ query }) => {
    const { status, tag } = parse(listQuery, query);
    return list((volume) => {
      const fits = status ? volume.status === status : volume.status !== "deleted";
      return fits && tag(volume.tags);
    });
  });
  server.get("/volumes/trash", () => list(({ status, erased }) => status === "deleted" && !erased));
  server.get("/volumes/:id", ({ params }) => {
    world.settle();
    const { id } = parse(idParameters, params);
    const volume = findVolume(world, id);
    const gone = volume.status === "deleted";
    if (gone && world.faults.take("GET", `/volumes/${id}`, ["not-found-after-delete"])) {
      throw notFound("Invalid volume id");
    }
    return volumeView(world, volume);
  });
  server.post("/volumes", ({ body }, reply) => {
    const wanted = parse(createBody, body);
    const now = world.settle();
    const volume = { ...wanted, location: wanted.location_code };
    checkNewVolumes(world, now, [volume]);
    const instances = targets(world, wanted);
    refuseBlockOnRunning(world, volume, instances);
    const { id } = addVolume(world, now, { ...volume, tags: withIds(wanted.tags) }, instances);
    return reply.code(202).type("text/plain").send(id);
  });
  server.put("/volumes", ({ body }, reply) => {
    const action = parse(actionBody, body);
    const now = world.settle();
    // All are looked up before the first is changed.
    const volumes = action.id.map((id) => findVolume(world, id));
    const results = volumes.map((volume) => act(world, now, volume, action));
    reply.code(202);
    return action.action === "clone" ? results : reply.send();
  });
  server.delete("/volumes/:id", ({ params, body, query }, reply) => {
    const { is_permanent: permanently } = parse(deleteBody, body);
    parse(deleteQuery, query);
    const now = world.settle();
    const volume = findVolume(world, parse(idParameters, params).id);
    return reply.code(remove(world, now, volume, permanently) ? 202 : 204).send();
  });
  tagRoutes(server, world, "/volumes", (id) => findVolume(world, id));
}

/** @returns the id of a copy */
function act(
  world: World,
  now: number,
  volume: VolumeRecord,
  action: z.output<typeof actionBody>,
): string | undefined {
  switch (action.action) {
    case "attach":
      return void attach(world, now, volume, targets(world, action));
    case "detach": {
      const from = targets(world, action).map((instance) => instance.id);
      for (const id of from.length > 0 ? from : [undefined]) detach(world, now, volume, id);
      return undefined;
    }
    case "rename":
      return void rename(world, now, volume, action.name);
    case "resize":
      return void resize(world, now, volume, action.size);
    case "clone":
      return clone(world, now, volume, { ...action, location: action.location_code }).id;
    case "delete":
      return void remove(world, now, volume, action.is_permanent);
    case "restore":
      return void restore(world, now, volume);
  }
}

function targets(
  world: World,
  {
    instance_id: one,
    instance_ids: several,
  }: { instance_id?: string | undefined; instance_ids?: string[] | undefined },
): InstanceRecord[] {
  const wanted = [...(one === undefined ? [] : [one]), ...(several ?? [])];
  return [...new Set(wanted)].map((id) => findInstance(world, id));
}

function refuseBlockOnRunning(
  world: World,
  volume: Pick<VolumeRecord, "type" | "location">,
  instances: readonly InstanceRecord[],
): void {
  const allowed = isShared(volume) || world.settings.deviations.attachWhileRunning;
  for (const { location, status } of instances) {
    if (location !== volume.location) {
      throw invalid("Volume and instance are in different locations");
    }
    if (!allowed && status !== "offline") {
      throw forbidden("Instance must be shut down to attach a volume");
    }
  }
}
