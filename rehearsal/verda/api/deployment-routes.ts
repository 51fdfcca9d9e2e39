/** `/container-deployments`: list, read, create, change, scale, steer and remove. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import {
  changeDeployment,
  changeScaling,
  checkEnvironment,
  createDeployment,
  findContainer,
  findDeployment,
  pause,
  refuseTerminating,
  removeDeployment,
  restart,
  resume,
  rollout,
} from "../world/deployments.ts";
import { invalid } from "../world/refusal.ts";
import type { ContainerRecord, DeploymentRecord } from "../world/state.ts";
import type { World } from "../world/world.ts";
import { parse } from "./body.ts";
import {
  createBody,
  environmentBody,
  environmentNames,
  patchBody,
  scalingPatch,
} from "./deployment-bodies.ts";
import { deploymentView, environmentView, replicasView } from "./views.ts";

const nameParameters = z.object({ name: z.string().max(200) });
const deleteQuery = z.strictObject({
  timeout: z.coerce.number().int().min(0).max(300_000).optional(),
});
const PATH = "/container-deployments";

export function deploymentRoutes(server: FastifyInstance, world: World): void {
  const find = (params: unknown): DeploymentRecord => {
    world.settle();
    return findDeployment(world, parse(nameParameters, params).name);
  };
  const unhealthy = (method: string, path: string): boolean =>
    world.faults.take(method, path, ["unhealthy"]) !== undefined;

  server.get(PATH, () => {
    world.settle();
    return Object.values(world.state.deployments).map((one) => deploymentView(world, one));
  });
  server.post(PATH, ({ body }, reply) => {
    const wanted = parse(createBody, body);
    const now = world.settle();
    const containers = wanted.containers.map(({ name: _ignored, ...one }) => defined(one));
    const bad = unhealthy("POST", PATH);
    const made = createDeployment(world, now, { ...wanted, containers }, bad);
    return reply.code(201).send(deploymentView(world, made));
  });
  server.get(`${PATH}/:name`, ({ params }) => deploymentView(world, find(params)));
  server.patch(`${PATH}/:name`, ({ params, body }) => {
    const wanted = parse(patchBody, body);
    const deployment = find(params);
    const containers = wanted.containers?.map(({ autoupdate: _kept, ...one }) => defined(one));
    const bad = unhealthy("PATCH", `${PATH}/${deployment.name}`);
    changeDeployment(world, world.settle(), deployment, { ...wanted, containers }, bad);
    return deploymentView(world, deployment);
  });
  server.delete(`${PATH}/:name`, ({ params, query }, reply) => {
    parse(deleteQuery, query);
    removeDeployment(world, world.settle(), find(params));
    return reply.code(200).send();
  });
  server.get(`${PATH}/:name/status`, ({ params }) => ({ status: find(params).status }));
  server.get(`${PATH}/:name/replicas`, ({ params }) => replicasView(find(params)));
  server.get(`${PATH}/:name/scaling`, ({ params }) => find(params).scaling);
  server.patch(`${PATH}/:name/scaling`, ({ params, body }) => {
    const { scaling_triggers: triggers, ...patch } = parse(scalingPatch, body);
    const deployment = find(params);
    const { scaling } = deployment;
    changeScaling(world, world.settle(), deployment, {
      ...scaling,
      ...defined(patch),
      scaling_triggers: { ...scaling.scaling_triggers, ...defined(triggers ?? {}) },
    });
    return deployment.scaling;
  });
  const steering = { restart, pause, resume, "purge-queue": (_world: World, _now: number) => {} };
  for (const [name, act] of Object.entries(steering)) {
    server.post(`${PATH}/:name/${name}`, ({ params }, reply) => {
      act(world, world.settle(), find(params));
      return reply.code(201).send();
    });
  }
  environmentRoutes(server, world, find);
}

function environmentRoutes(
  server: FastifyInstance,
  world: World,
  find: (params: unknown) => DeploymentRecord,
): void {
  const path = `${PATH}/:name/environment-variables`;
  const change = (
    deployment: DeploymentRecord,
    containerName: string,
    how: (old: ContainerRecord["env"]) => ContainerRecord["env"],
  ) => {
    refuseTerminating(deployment);
    const container = findContainer(deployment, containerName);
    const env = how(container.env);
    checkEnvironment(world, env);
    container.env = env;
    const now = world.settle();
    world.note(now, "deployment", deployment.name, `environment of ${containerName} changed`);
    rollout(world, now, deployment);
    return environmentView(deployment);
  };
  const has = (env: ContainerRecord["env"], name: string) => env.some((one) => one.name === name);

  server.get(path, ({ params }) => environmentView(find(params)));
  server.post(path, ({ params, body }) => {
    const { container_name: container, env } = parse(environmentBody, body);
    return change(find(params), container, (old) => {
      const known = env.find(({ name }) => has(old, name));
      if (known) throw invalid(`Environment variable ${known.name} already exists`);
      return [...old, ...env];
    });
  });
  server.patch(path, ({ params, body }) => {
    const { container_name: container, env } = parse(environmentBody, body);
    return change(find(params), container, (old) => {
      const unknown = env.find(({ name }) => !has(old, name));
      if (unknown) throw invalid(`Environment variable ${unknown.name} not found`);
      return old.map((one) => env.find(({ name }) => name === one.name) ?? one);
    });
  });
  server.delete(path, ({ params, body }) => {
    const { container_name: container, env: names } = parse(environmentNames, body);
    return change(find(params), container, (old) => {
      const unknown = names.find((name) => !has(old, name));
      if (unknown !== undefined) throw invalid(`Environment variable ${unknown} not found`);
      return old.filter(({ name }) => !names.includes(name));
    });
  });
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Without what is left out, so that it does not overwrite what is there. */
function defined<T extends object>(
  value: T,
): Partial<Defined<T>> & Pick<Defined<T>, RequiredKeys<T>> {
  const kept = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(kept) as Partial<Defined<T>> & Pick<Defined<T>, RequiredKeys<T>>;
}
type RequiredKeys<T> = { [Key in keyof T]-?: undefined extends T[Key] ? never : Key }[keyof T];
