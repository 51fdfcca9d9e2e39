/** `/instances`: list, read, order, act on and tag. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import {
  deleteInstance,
  findInstance,
  orderInstance,
  presentInstances,
  shutDown,
  start,
} from "../world/instances.ts";
import { invalid, notFound, Refusal } from "../world/refusal.ts";
import {
  instanceStatusSchema,
  spotEndSchema,
  volumeTypeSchema,
  type InstanceRecord,
} from "../world/state.ts";
import type { World } from "../world/world.ts";
import { ids, ignored, nameSchema, newTags, parse, sizeSchema } from "./body.ts";
import { idParameters, tagFilter, tagRoutes, withIds } from "./tags.ts";
import { instanceView } from "./views.ts";

const hostname = z
  .string()
  .max(255)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, "must be letters, digits, dots and hyphens");

const newVolume = {
  name: nameSchema,
  size: sizeSchema,
  on_spot_discontinue: spotEndSchema.optional(),
  tags: newTags.optional(),
};

const orderBody = z.strictObject({
  instance_type: z.string(),
  image: z.string(),
  hostname,
  location_code: z.string(),
  description: z.string().max(1000).default(""),
  ssh_key_ids: z
    .union([z.string().transform((id) => [id]), z.array(z.string()).max(100)])
    .default([]),
  startup_script_id: z.string().optional(),
  /** The Terraform provider sends a type with it. */
  os_volume: z.strictObject({ ...newVolume, type: ignored }).optional(),
  volumes: z
    .array(z.strictObject({ ...newVolume, type: volumeTypeSchema }))
    .max(25)
    .default([]),
  existing_volumes: z.array(z.string()).max(25).default([]),
  is_spot: z.boolean().default(false),
  contract: z.enum(["LONG_TERM", "PAY_AS_YOU_GO", "SPOT"]).optional(),
  pricing: z.literal("FIXED_PRICE").optional(),
  coupon: z.string().optional(),
  tags: newTags.default([]),
});

const actionBody = z.strictObject({
  id: ids,
  action: z.enum([
    "boot",
    "start",
    "shutdown",
    "force_shutdown",
    "delete",
    "discontinue",
    "delete_stuck",
    "hibernate",
    "configure_spot",
    "deploy",
    "transfer",
  ]),
  volume_ids: z.array(z.string()).max(100).optional(),
  delete_permanently: z.boolean().optional(),
});
type Action = z.output<typeof actionBody>;

const listQuery = z.strictObject({
  status: instanceStatusSchema.optional(),
  computeId: z.string().max(100).optional(),
  tag: tagFilter,
});

const FATES = {
  "no-capacity": "no_capacity",
  "installation-failed": "installation_failed",
  "error-status": "error",
} as const;

export function instanceRoutes(server: FastifyInstance, world: World): void {
  server.get("/instances", ({ query }) => {
    const { status, tag } = parse(listQuery, query);
    world.settle();
    const listed = status
      ? Object.values(world.state.instances).filter((one) => one.status === status)
      : presentInstances(world);
    return listed.filter(({ tags }) => tag(tags)).map((one) => instanceView(world, one));
  });
  server.get("/instances/:id", ({ params }) => {
    world.settle();
    const { id } = parse(idParameters, params);
    const instance = findInstance(world, id);
    const ended = instance.status === "discontinued";
    if (ended && world.faults.take("GET", `/instances/${id}`, ["not-found-after-delete"])) {
      throw notFound("Invalid instance id");
    }
    return instanceView(world, instance);
  });
  server.post("/instances", ({ body }, reply) => {
    const order = parse(orderBody, body);
    const now = world.settle();
    const volumes = order.volumes.map((one) => ({ ...one, tags: withIds(one.tags ?? []) }));
    const system = order.os_volume;
    const fault = world.faults.take("POST", "/instances", [
      "no-capacity",
      "installation-failed",
      "error-status",
    ]);
    const fate = fault && FATES[fault.kind as keyof typeof FATES];
    const instance = orderInstance(
      world,
      now,
      {
        ...order,
        volumes,
        os_volume: system && { ...system, tags: withIds(system.tags ?? []) },
        tags: withIds(order.tags),
      },
      fate,
    );
    return reply.code(202).type("text/plain").send(instance.id);
  });
  for (const [method, url] of [
    ["PUT", "/instances"],
    ["POST", "/instances/action"],
  ] as const) {
    server.route({
      method,
      url,
      handler: ({ body }, reply) => {
        const { status, results } = act(world, parse(actionBody, body));
        return status === 204 ? reply.code(204).send() : reply.code(status).send(results);
      },
    });
  }
  tagRoutes(server, world, "/instances", (id) => findInstance(world, id));
}

interface Result {
  readonly instanceId: string;
  readonly action: string;
  readonly status: "success" | "error";
  readonly error?: string;
  readonly statusCode?: number;
}

/** Acts on each. One alone is refused by an error, several by an entry each. */
function act(world: World, action: Action): { status: 202 | 204 | 207; results: Result[] } {
  if (action.delete_permanently === true && !action.volume_ids) {
    throw invalid("delete_permanently requires volume_ids");
  }
  const now = world.settle();
  const unchanged: string[] = [];
  const results = action.id.map((instanceId): Result => {
    try {
      const changed = perform(world, now, findInstance(world, instanceId), action);
      if (!changed) unchanged.push(instanceId);
      return { instanceId, action: action.action, status: "success" };
    } catch (error) {
      if (action.id.length === 1 || !(error instanceof Refusal)) throw error;
      return {
        instanceId,
        action: action.action,
        status: "error",
        error: error.message,
        statusCode: error.status,
      };
    }
  });
  if (results.length === 1 && unchanged.length === 1) return { status: 204, results };
  return { status: results.some(({ status }) => status === "error") ? 207 : 202, results };
}

function perform(
  world: World,
  now: number,
  instance: InstanceRecord,
  { action, volume_ids: listed, delete_permanently: permanently = false }: Action,
): boolean {
  switch (action) {
    case "boot":
    case "start":
      return start(world, now, instance);
    case "shutdown":
    case "force_shutdown":
      return shutDown(world, now, instance);
    case "delete":
    case "discontinue":
    case "delete_stuck":
      return deleteInstance(world, now, instance, { listed, permanently });
    case "hibernate":
      return deleteInstance(world, now, instance, { listed: [], permanently: false });
    case "configure_spot":
    case "deploy":
    case "transfer":
      throw invalid(`Action ${action} is not simulated`);
  }
}
