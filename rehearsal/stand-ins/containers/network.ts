/** `docker.Network`, made by a daemon. */
import { z } from "zod";
import { realType } from "../real-type.ts";
import { inDockersWords, orAlready, orGone, type Daemon } from "./daemon.ts";

const inputsSchema = z.strictObject({
  name: z.string(),
  driver: z.string().default("bridge"),
  internal: z.boolean().default(false),
  attachable: z.boolean().default(false),
  labels: z.array(z.strictObject({ label: z.string(), value: z.string() })).default([]),
  options: z.record(z.string(), z.string()).default({}),
  ipamConfigs: z
    .array(
      z.strictObject({
        subnet: z.string().optional(),
        gateway: z.string().optional(),
        ipRange: z.string().optional(),
      }),
    )
    .default([]),
});

export function realNetwork({ docker }: Daemon) {
  return realType(inputsSchema, {
    async create(inputs) {
      try {
        const network = await docker.createNetwork({
          Name: inputs.name,
          CheckDuplicate: true,
          Driver: inputs.driver,
          Internal: inputs.internal,
          Attachable: inputs.attachable,
          Labels: Object.fromEntries(inputs.labels.map(({ label, value }) => [label, value])),
          Options: inputs.options,
          IPAM: {
            Driver: "default",
            Config: inputs.ipamConfigs.map(({ subnet, gateway, ipRange }) => ({
              ...(subnet !== undefined && { Subnet: subnet }),
              ...(gateway !== undefined && { Gateway: gateway }),
              ...(ipRange !== undefined && { IPRange: ipRange }),
            })),
          },
        });
        return { id: network.id, outputs: { scope: "local" } };
      } catch (error) {
        throw new Error(`network ${inputs.name}: ${inDockersWords(error).message}`, {
          cause: error,
        });
      }
    },
    async read(id) {
      return (await orGone(docker.getNetwork(id).inspect())) && {};
    },
    delete: (id) => orAlready(docker.getNetwork(id).remove()),
  });
}
