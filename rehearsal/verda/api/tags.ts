/** Tags of instances and volumes. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { conflict, invalid, notFound } from "../world/refusal.ts";
import type { InstanceRecord } from "../world/state.ts";
import type { World } from "../world/world.ts";
import { newTags, parse } from "./body.ts";

type Tags = InstanceRecord["tags"];

export const idParameters = z.object({ id: z.string().max(200) });
const tagParameters = z.object({ id: z.string().max(200), tagId: z.string().max(200) });
const MOST_TAGS = 10;

/** `key` or `key=value`, once or several times: all must fit. */
export const tagFilter = z
  .union([z.string().transform((one) => [one]), z.array(z.string()).max(MOST_TAGS)])
  .default([])
  .transform(
    (wanted) =>
      (tags: Tags): boolean =>
        wanted.every((text) =>
          tags.some(({ key, value }) => text === key || text === `${key}=${value}`),
        ),
  );

export const withIds = (tags: z.output<typeof newTags>): Tags =>
  tags.map((tag) => ({ id: `tag_${randomBytes(8).toString("hex")}`, ...tag }));

export function tagRoutes(
  server: FastifyInstance,
  world: World,
  path: "/instances" | "/volumes",
  find: (id: string) => { id: string; tags: Tags },
): void {
  const kind = path === "/instances" ? "instance" : "volume";
  server.post(`${path}/:id/tags`, ({ params, body }, reply) => {
    const now = world.settle();
    const subject = find(parse(idParameters, params).id);
    const [tag] = withIds([parse(newTags.element, body)]);
    if (!tag || subject.tags.length >= MOST_TAGS) throw invalid("Tag limit exceeded");
    if (subject.tags.some(({ key }) => key === tag.key)) {
      throw conflict(`Tag ${tag.key} already exists`);
    }
    subject.tags.push(tag);
    world.note(now, kind, subject.id, `tag ${tag.key} added`);
    return reply.code(201).send(tag);
  });
  server.delete(`${path}/:id/tags/:tagId`, ({ params }, reply) => {
    const now = world.settle();
    const { id, tagId } = parse(tagParameters, params);
    const subject = find(id);
    const tag = subject.tags.find((one) => one.id === tagId);
    if (!tag) throw notFound("Tag not found");
    subject.tags = subject.tags.filter((one) => one !== tag);
    world.note(now, kind, subject.id, `tag ${tag.key} removed`);
    return reply.code(204).send();
  });
}
