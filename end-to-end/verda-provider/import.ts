/** Things that were made in the console, and the program that takes them over. */
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { ContainerDeployment, Instance, SshKey, Volume } from "../../components/verda/index.ts";
import type { VerdaClient } from "../../components/verda/index.ts";
import { PUBLIC_KEY } from "./programs.ts";

export interface Made {
  readonly key: string;
  readonly volume: string;
  readonly instance: string;
  readonly deployment: string;
}

const READY_MILLISECONDS = 60_000;

export async function makeByHand(client: VerdaClient): Promise<Made> {
  const key = await client.createSshKey({ name: "mine", key: PUBLIC_KEY });
  const volume = await client.createVolume({
    name: "archive",
    type: "NVMe",
    size: 30,
    location_code: "FIN-01",
  });
  const instance = await client.createInstance({
    instance_type: "1V100.6V",
    image: "ubuntu-24.04-cuda-12.8-open-docker",
    hostname: "by-hand",
    description: "made in the console",
    location_code: "FIN-01",
    ssh_key_ids: [key],
    os_volume: { name: "os-by-hand", size: 60 },
    volumes: [],
    existing_volumes: [],
    is_spot: false,
  });
  const deployment = "by-hand";
  await client.createDeployment({
    name: deployment,
    is_spot: false,
    compute: { name: "H200", size: 1 },
    container_registry_settings: { is_private: false, credentials: null },
    containers: [
      { image: "registry.example/worker:1.0", exposed_port: 8188, env: [], volume_mounts: [] },
    ],
    scaling: {
      min_replica_count: 1,
      max_replica_count: 2,
      scale_down_policy: { delay_seconds: 300 },
      scale_up_policy: { delay_seconds: 0 },
      queue_message_ttl_seconds: 3600,
      concurrent_requests_per_replica: 1,
      scaling_triggers: {
        queue_load: { threshold: 1 },
        cpu_utilization: { enabled: false },
        gpu_utilization: { enabled: false },
      },
    },
  });
  const deadline = Date.now() + READY_MILLISECONDS;
  while ((await client.instance(instance)).status !== "running") {
    if (Date.now() > deadline) throw new Error("the instance made by hand does not run");
    await new Promise((wake) => setTimeout(wake, 100));
  }
  return { key, volume, instance, deployment };
}

export function importProgram({ key, volume, instance, deployment }: Made): PulumiFn {
  return () => {
    const sshKey = new SshKey("key", { name: "mine", publicKey: PUBLIC_KEY }, { import: key });
    new Volume(
      "archive",
      { name: "archive", type: "NVMe", size: 30, locationCode: "FIN-01" },
      { import: volume },
    );
    new Instance(
      "by-hand",
      {
        hostname: "by-hand",
        instanceType: "1V100.6V",
        image: "ubuntu-24.04-cuda-12.8-open-docker",
        locationCodes: ["FIN-01"],
        sshKeyIds: [sshKey.id],
        osVolume: { name: "os-by-hand", size: 60 },
      },
      { import: instance },
    );
    new ContainerDeployment(
      "by-hand",
      {
        name: "by-hand",
        compute: { name: "H200", size: 1 },
        containers: [{ image: "registry.example/worker:1.0", exposedPort: 8188 }],
        scaling: { minReplicaCount: 1, maxReplicaCount: 2 },
      },
      { import: deployment },
    );
    return Promise.resolve({});
  };
}
