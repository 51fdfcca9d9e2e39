/** The stack under test: one of everything. */
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import {
  ContainerDeployment,
  Instance,
  Secret,
  SshKey,
  StartupScript,
  Volume,
} from "../../components/verda/index.ts";
import type {
  ContainerDeploymentArgs,
  InstanceArgs,
  VolumeArgs,
} from "../../components/verda/index.ts";

export const PUBLIC_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHp8l7Vw0yqWnBq7Zk3cGZ5p1s2m3n4o5p6q7r8s9t0u host@test";
export const SECRET_VALUE = "a-secret-that-must-not-be-found";

export interface Changes {
  readonly instance?: Partial<InstanceArgs>;
  readonly filesystem?: Partial<VolumeArgs>;
  readonly disk?: Partial<VolumeArgs>;
  readonly deployment?: Partial<ContainerDeploymentArgs>;
  readonly image?: string;
  readonly environment?: string;
  readonly secret?: string;
  /** Attach the shared filesystem. Default true. */
  readonly attached?: boolean;
  readonly without?: "instance";
}

export function program(changes: Changes = {}): PulumiFn {
  return () => {
    const key = new SshKey("key", { name: "host", publicKey: PUBLIC_KEY });
    const script = new StartupScript("script", { name: "boot", script: "#!/bin/sh\ntrue\n" });
    const filesystem = new Volume("models", {
      name: "models",
      type: "NVMe_Shared",
      size: 200,
      locationCode: "FIN-01",
      purge: true,
      ...changes.filesystem,
    });
    new Volume("disk", {
      name: "disk",
      type: "NVMe",
      size: 50,
      locationCode: "FIN-01",
      purge: true,
      ...changes.disk,
    });
    const secret = new Secret("hf", { name: "hf-token", value: changes.secret ?? SECRET_VALUE });
    const worker =
      changes.without === "instance"
        ? undefined
        : new Instance("worker", {
            hostname: "worker-1",
            instanceType: "1V100.6V",
            image: "ubuntu-24.04-cuda-12.8-open-docker",
            locationCodes: ["FIN-01"],
            sshKeyIds: [key.id],
            startupScriptId: script.id,
            volumes: [{ name: "scratch", size: 100 }],
            existingVolumeIds: changes.attached === false ? [] : [filesystem.id],
            ...changes.instance,
          });
    const serverless = new ContainerDeployment("serverless", {
      name: "comfyui-worker",
      compute: { name: "H200", size: 1 },
      containers: [
        {
          image: changes.image ?? "registry.example/worker:1.0",
          exposedPort: 8188,
          healthcheck: { enabled: true, port: 8188, path: "/health" },
          env: [
            { name: "MODE", valueOrReferenceToSecret: changes.environment ?? "serverless" },
            { name: "HF_TOKEN", valueOrReferenceToSecret: secret.fullName, type: "secret" },
          ],
          volumeMounts: [{ type: "memory", sizeInMb: 1024 }],
        },
      ],
      scaling: { minReplicaCount: 1, maxReplicaCount: 2 },
      ...changes.deployment,
    });
    return Promise.resolve({
      ip: worker?.ip,
      location: worker?.locationCode,
      endpoint: serverless.endpointBaseUrl,
    });
  };
}
