/** Secrets, file secrets and registry credentials. Values are checked and thrown away: none comes back. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { invalid, notFound } from "../world/refusal.ts";
import type { SecretRecord } from "../world/state.ts";
import type { World } from "../world/world.ts";
import { flag, parse } from "./body.ts";
import { timeText } from "./views.ts";

const name = z
  .string()
  .max(63)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, "must be letters, digits, dots and hyphens");
const secretBody = z.strictObject({ name, value: z.string().max(65_536) });
const fileSecretBody = z.strictObject({
  name,
  files: z
    .array(
      z.strictObject({
        file_name: z.string().regex(/^[^/]{1,255}$/, "must be a bare file name"),
        base64_content: z.base64().max(1_000_000),
      }),
    )
    .min(1)
    .max(100),
});

const value = z.string().min(1).max(65_536);
const credentialsBody = z.discriminatedUnion("type", [
  z.strictObject({ name, type: z.literal("dockerhub"), username: value, access_token: value }),
  z.strictObject({ name, type: z.literal("ghcr"), username: value, access_token: value }),
  z.strictObject({ name, type: z.literal("gcr"), service_account_key: value }),
  z.strictObject({
    name,
    type: z.literal("aws-ecr"),
    access_key_id: value,
    secret_access_key: value,
    region: value,
    ecr_repo: value,
  }),
  z.strictObject({
    name,
    type: z.literal("scaleway"),
    access_token: value.optional(),
    secret: value.optional(),
    scaleway_domain: value,
    scaleway_uuid: value,
  }),
  z.strictObject({ name, type: z.literal("custom"), docker_config_json: value }),
  z.strictObject({ name, type: z.literal("verda") }),
]);

const nameParameters = z.object({ name: z.string().max(200) });
const deleteQuery = z.strictObject({ force: flag.optional() });

export function secretRoutes(server: FastifyInstance, world: World): void {
  const { state } = world;
  const kinds = [
    { path: "/secrets", kind: "generic", body: secretBody },
    { path: "/file-secrets", kind: "file-secret", body: fileSecretBody },
  ] as const;
  for (const { path, kind, body: schema } of kinds) {
    server.get(path, () =>
      Object.values(state.secrets)
        .filter(({ secret_type }) => secret_type === kind)
        .map(view),
    );
    server.post(path, ({ body }, reply) => {
      const wanted = parse(
        schema as z.ZodType<z.output<typeof secretBody> | z.output<typeof fileSecretBody>>,
        body,
      );
      if (Object.hasOwn(state.secrets, wanted.name)) {
        throw invalid(`Secret ${wanted.name} already exists`);
      }
      const now = world.settle();
      const files = "files" in wanted ? wanted.files.map(({ file_name }) => file_name) : [];
      state.secrets[wanted.name] = {
        name: wanted.name,
        secret_type: kind,
        file_names: files,
        createdAt: now,
      };
      world.note(now, "secret", wanted.name, `added (${kind})`);
      return reply.code(201).send();
    });
    server.delete(`${path}/:name`, ({ params, query }, reply) => {
      const { name: wanted } = parse(nameParameters, params);
      const { force = false } = parse(deleteQuery, query);
      const secret = Object.hasOwn(state.secrets, wanted) ? state.secrets[wanted] : undefined;
      if (secret?.secret_type !== kind) throw notFound("Secret not found");
      const user = userOf(world, secret);
      if (user !== undefined && !force) throw invalid(`Secret is used by deployment ${user}`);
      delete state.secrets[wanted];
      world.note(world.settle(), "secret", wanted, "removed");
      return reply.code(200).send();
    });
  }
  credentialRoutes(server, world);
}

function credentialRoutes(server: FastifyInstance, world: World): void {
  const { state } = world;
  const path = "/container-registry-credentials";
  server.get(path, () =>
    Object.values(state.registryCredentials).map(({ name: known, createdAt }) => ({
      name: known,
      created_at: timeText(createdAt),
    })),
  );
  server.post(path, ({ body }, reply) => {
    const wanted = parse(credentialsBody, body);
    if (Object.hasOwn(state.registryCredentials, wanted.name)) {
      throw invalid(`Container registry credentials ${wanted.name} already exist`);
    }
    const now = world.settle();
    state.registryCredentials[wanted.name] = { name: wanted.name, createdAt: now };
    world.note(now, "registry-credentials", wanted.name, `added (${wanted.type})`);
    return reply.code(201).send();
  });
  server.delete(`${path}/:name`, ({ params, query }, reply) => {
    const { name: wanted } = parse(nameParameters, params);
    const { force = false } = parse(deleteQuery, query);
    if (!Object.hasOwn(state.registryCredentials, wanted)) {
      throw notFound("Container registry credentials not found");
    }
    const user = Object.values(state.deployments).find(
      (one) => one.container_registry_settings.credentials?.name === wanted,
    );
    if (user && !force) throw invalid(`Credentials are used by deployment ${user.name}`);
    delete state.registryCredentials[wanted];
    world.note(world.settle(), "registry-credentials", wanted, "removed");
    return reply.code(200).send();
  });
}

const view = ({ name: known, createdAt, secret_type, file_names }: SecretRecord) => ({
  name: known,
  created_at: timeText(createdAt),
  secret_type,
  ...(secret_type === "file-secret" && { file_names }),
});

/** The deployment that uses the secret, if any. */
function userOf(world: World, secret: SecretRecord): string | undefined {
  world.settle();
  return Object.values(world.state.deployments).find(({ containers }) =>
    containers.some(
      ({ env, volume_mounts: mounts }) =>
        (secret.secret_type === "generic" &&
          env.some(
            (one) => one.type === "secret" && one.value_or_reference_to_secret === secret.name,
          )) ||
        mounts.some((mount) => mount.secret_name === secret.name),
    ),
  )?.name;
}
