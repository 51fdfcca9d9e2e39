/** What goes wrong while a deployment is made and changed, against the simulator. */
import { expect, test } from "vitest";
import { PartialFailure } from "../../provider-plugin/resource-type.ts";
import { containerDeploymentInputs } from "../schemas/container-deployment.ts";
import { secretInputs } from "../schemas/secret.ts";
import { simulate } from "../test/simulated.ts";
import { containerDeploymentType } from "./container-deployment-type.ts";
import { secretType } from "./secret-type.ts";

const inputs = containerDeploymentInputs.parse({
  name: "worker",
  compute: { name: "H200", size: 1 },
  containers: [{ image: "registry.example/worker:1.0", exposedPort: 8188 }],
  scaling: { minReplicaCount: 1, maxReplicaCount: 2 },
});

test.each(["time-out-after-effect", "error-after-effect", "error-503"] as const)(
  "a deployment whose order ends with %s is made once all the same",
  async (kind) => {
    const { simulator, connect, operation } = await simulate();
    simulator.inject({ method: "POST", path: "/container-deployments", kind, delayMs: 2_000 });
    const type = containerDeploymentType(connect);
    const { state } = await type.create(inputs, operation("worker"));
    expect(state).toMatchObject({ status: "healthy", name: "worker" });
    expect(simulator.inventory().deployments).toHaveLength(1);
  },
);

test("a deployment that never becomes healthy is given up, and removed again", async () => {
  const { simulator, connect, operation } = await simulate();
  const path = "/container-deployments";
  simulator.inject({ method: "POST", path, kind: "unhealthy" });
  const create = containerDeploymentType(connect).create(
    { ...inputs, timeoutSeconds: 2 },
    operation("worker"),
  );
  await expect(create).rejects.toThrow(
    "deployment worker was not healthy within 2 s; the last status was unhealthy",
  );
  expect(simulator.inventory().deployments).toEqual([]);
});

test("a change that makes it unhealthy is recorded, and the deployment stays", async () => {
  const { simulator, connect, operation } = await simulate();
  const type = containerDeploymentType(connect);
  const { id, state } = await type.create(inputs, operation("worker"));
  simulator.inject({
    method: "PATCH",
    path: /^\/container-deployments\/worker$/,
    kind: "unhealthy",
  });
  const next = { ...inputs, isSpot: true, timeoutSeconds: 2 };
  const failure = await type
    .update?.(state, next, operation("worker", id))
    .catch((e: unknown) => e);
  expect(failure).toBeInstanceOf(PartialFailure);
  expect(failure).toMatchObject({ state: { isSpot: true, status: "unhealthy" } });
  expect(simulator.inventory().deployments).toHaveLength(1);
});

test("another's deployment of the same name is left alone", async () => {
  const { simulator, connect, operation } = await simulate();
  const type = containerDeploymentType(connect);
  await type.create(inputs, operation("worker"));
  await expect(type.create(inputs, operation("another"))).rejects.toThrow(
    "there is a deployment worker already that is not of this stack",
  );
  expect(simulator.inventory().deployments).toHaveLength(1);
});

test("a deployment that scales to zero is not waited for", async () => {
  const { connect, operation } = await simulate({ durations: { imagePull: 80_000 } });
  const { state } = await containerDeploymentType(connect).create(
    { ...inputs, scaling: { ...inputs.scaling, minReplicaCount: 0 } },
    operation("worker"),
  );
  expect(state.endpointBaseUrl).toContain("worker");
});

test("what the API adds by itself is no difference", async () => {
  const { connect, operation } = await simulate();
  const type = containerDeploymentType(connect);
  const { id, state } = await type.create(inputs, operation("worker"));
  expect(await type.read(state, operation("worker", id))).toEqual(state);
});

test("a secret whose creation is lost or was left behind is made anew, and its value is nowhere told", async () => {
  const { simulator, connect, operation, told } = await simulate();
  const type = secretType(connect);
  const secret = secretInputs.parse({ name: "token", value: "not-to-be-told" });
  simulator.inject({ method: "POST", path: "/secrets", kind: "error-after-effect" });
  const { id } = await type.create(secret, operation("secret"));
  expect((await type.create(secret, operation("secret"))).id).toBe(id);
  expect(simulator.inventory().secrets).toMatchObject([{ name: id }]);
  expect(told.join("\n")).not.toContain("not-to-be-told");
});
