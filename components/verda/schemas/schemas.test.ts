import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { containerDeploymentInputs } from "./container-deployment.ts";
import { instanceInputs } from "./instance.ts";
import { taggableName } from "./names.ts";
import { sshKeyInputs } from "./ssh-key.ts";
import { volumeInputs } from "./volume.ts";

const instance = {
  hostname: "worker-1",
  instanceType: "1V100.6V",
  image: "ubuntu-24.04",
  locationCodes: ["FIN-01"],
  sshKeyIds: ["key"],
};
const container = { image: "registry.example/worker:1.0", exposedPort: 8188 };
const deployment = {
  name: "worker",
  compute: { name: "H200", size: 1 },
  containers: [container],
  scaling: { minReplicaCount: 0, maxReplicaCount: 2 },
};
const inContainer = (change: object) => ({
  ...deployment,
  containers: [{ ...container, ...change }],
});

/** Paths at which the inputs are refused. */
function faults(schema: z.ZodType, inputs: object): string[] {
  return (schema.safeParse(inputs).error?.issues ?? []).map(({ path }) => path.join("."));
}

describe("an instance", () => {
  test("needs no more than what it is, where, and who may log in", () => {
    expect(instanceInputs.parse(instance)).toMatchObject({
      isSpot: false,
      osVolume: { name: "os", size: 100, keep: false },
      volumes: [],
      purgeVolumes: true,
      timeoutSeconds: 900,
    });
  });

  test.each([
    [{ hostname: "Worker_1" }, "hostname"],
    [{ locationCodes: [] }, "locationCodes"],
    [{ locationCodes: ["Finland"] }, "locationCodes.0"],
    [{ sshKeyIds: [] }, "sshKeyIds"],
    [{ volumes: [{ name: "scratch", size: 0.5 }] }, "volumes.0.size"],
    [{ existingVolumeIds: ["../x"] }, "existingVolumeIds.0"],
    [{ startupScriptId: "" }, "startupScriptId"],
  ])("with %j is refused there", (change, path) => {
    expect(faults(instanceInputs, { ...instance, ...change })).toEqual([path]);
  });
});

test.each([
  [volumeInputs, { name: "a/b", type: "NVMe", size: 1, locationCode: "FIN-01" }, "name"],
  [volumeInputs, { name: "a", type: "SSD", size: 1, locationCode: "FIN-01" }, "type"],
  [sshKeyInputs, { name: "a", publicKey: "-----BEGIN PRIVATE KEY-----" }, "publicKey"],
  [sshKeyInputs, { name: "a", publicKey: "ssh-ed25519 AAAA\nssh-ed25519 BBBB" }, "publicKey"],
])("inputs are refused at their place (%#)", (schema, inputs, path) => {
  expect(faults(schema, inputs)).toEqual([path]);
});

describe("a deployment", () => {
  test.each([
    ["a tag", "registry.example:5000/worker:1.0"],
    ["a digest", `registry.example/worker@sha256:${"a".repeat(64)}`],
    ["both", `registry.example/worker:1.0@sha256:${"a".repeat(64)}`],
  ])("takes an image with %s", (_what, image) => {
    expect(faults(containerDeploymentInputs, inContainer({ image }))).toEqual([]);
  });

  test.each([
    ["no tag", inContainer({ image: "registry.example:5000/worker" }), "containers.0.image"],
    ["latest", inContainer({ image: "worker:latest" }), "containers.0.image"],
    [
      "a health check of no port",
      inContainer({ healthcheck: { enabled: true } }),
      "containers.0.healthcheck",
    ],
    [
      "memory of no power of two",
      inContainer({ volumeMounts: [{ type: "memory", sizeInMb: 100 }] }),
      "containers.0.volumeMounts.0.sizeInMb",
    ],
    ["no container", { ...deployment, containers: [] }, "containers"],
    [
      "more replicas at least than at most",
      { ...deployment, scaling: { minReplicaCount: 3, maxReplicaCount: 2 } },
      "scaling.minReplicaCount",
    ],
  ])("with %s is refused there", (_what, inputs, path) => {
    expect(faults(containerDeploymentInputs, inputs)).toEqual([path]);
  });
});

test("a name that is taken stays, with its tag, within 63 characters", () => {
  const names = fc.stringMatching(/^[A-Za-z0-9-]{1,80}$/);
  fc.assert(
    fc.property(names, (name) => {
      if (!taggableName.safeParse(name).success) return;
      expect(`${name}-cm-12345678-12345678`.length).toBeLessThanOrEqual(63);
    }),
  );
});
