/** SSH keys, under both spellings of their path: `/ssh-keys`, and `/sshkeys` that the Python SDK uses. */
import { createHash, randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { notFound } from "../world/refusal.ts";
import type { SshKeyRecord } from "../world/state.ts";
import type { World } from "../world/world.ts";
import { ids, nameSchema, parse } from "./body.ts";
import { idParameters } from "./tags.ts";
import { timeText } from "./views.ts";

const createBody = z.strictObject({
  name: nameSchema,
  /** Comes back byte for byte. */
  key: z
    .string()
    .max(16_384)
    .regex(/^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/]+=*(\s.*)?$/, "is no public SSH key"),
});
const deleteBody = z.strictObject({ keys: ids });

const view = ({ createdAt, ...key }: SshKeyRecord) => ({
  ...key,
  created_by_user_id: null,
  created_at: timeText(createdAt),
});

export function keyRoutes(server: FastifyInstance, world: World): void {
  const find = (id: string): SshKeyRecord => {
    const key = Object.hasOwn(world.state.sshKeys, id) ? world.state.sshKeys[id] : undefined;
    if (!key) throw notFound("invalid ssh-key id");
    return key;
  };
  const remove = (list: readonly string[]) => {
    const now = world.settle();
    for (const { id, name } of list.map(find)) {
      delete world.state.sshKeys[id];
      world.note(now, "ssh-key", id, `${name}: removed`);
    }
  };
  for (const path of ["/ssh-keys", "/sshkeys"]) {
    server.get(path, () => Object.values(world.state.sshKeys).map(view));
    server.get(`${path}/:id`, ({ params }) => [view(find(parse(idParameters, params).id))]);
    server.post(path, ({ body }, reply) => {
      const { name, key } = parse(createBody, body);
      const now = world.settle();
      const id = randomUUID();
      const fingerprint = createHash("md5")
        .update(Buffer.from(key.split(" ")[1] ?? "", "base64"))
        .digest("hex");
      world.state.sshKeys[id] = { id, name, key, fingerprint, createdAt: now };
      world.note(now, "ssh-key", id, `${name}: added`);
      return reply.code(201).type("text/plain").send(id);
    });
    server.delete(`${path}/:id`, ({ params }, reply) => {
      remove([parse(idParameters, params).id]);
      return reply.code(200).send();
    });
    server.delete(path, ({ body }, reply) => {
      remove(parse(deleteBody, body).keys);
      return reply.code(200).send();
    });
  }
}
