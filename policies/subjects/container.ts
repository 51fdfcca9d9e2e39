/** Docker containers and Verda's serverless deployments as rules look at them. */
import { z } from "zod";
import type { Resource } from "./service.ts";

const containerSchema = z.object({
  name: z.string().optional(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  user: z.string().optional(),
  privileged: z.boolean().default(false),
  /** MB */
  memory: z.number().optional(),
  cpus: z.string().optional(),
  cpuShares: z.number().optional(),
  cpuQuota: z.number().optional(),
  healthcheck: z.object({ tests: z.array(z.string()) }).optional(),
});
const variablesSchema = z.array(z.string()).default([]);
const portsSchema = z
  .array(
    z.object({
      internal: z.number(),
      external: z.number().optional(),
      // Docker's own default: every address of the machine.
      ip: z.string().default("0.0.0.0"),
    }),
  )
  .default([]);

export interface DeclaredContainer extends Omit<z.output<typeof containerSchema>, "name"> {
  /** As a service; on its machine its name begins with the stack's. */
  readonly name: string;
  readonly ports: readonly { readonly internal: number; readonly external: number; ip: string }[];
  readonly variables: Readonly<Record<string, string>>;
  /** Whether its variables are kept encrypted. */
  readonly encrypted: boolean;
}

/** The Docker container that a resource is; undefined when it is something else. */
export function declaredContainer(resource: Resource): DeclaredContainer | undefined {
  if (resource.type !== "docker:index/container:Container") return undefined;
  // What a first preview does not know stops only the rules that look at it.
  return {
    ...containerSchema.parse(resource.props),
    name: resource.name,
    get ports() {
      const ports = portsSchema.parse(resource.props["ports"]);
      return ports.map((port) => ({ ...port, external: port.external ?? port.internal }));
    },
    get variables() {
      const lines = variablesSchema.parse(resource.props["envs"]);
      return Object.fromEntries(lines.map((line) => splitAt(line, "=")));
    },
    encrypted: resource.opts.additionalSecretOutputs.includes("envs"),
  };
}

const deploymentSchema = z.object({
  name: z.string(),
  isSpot: z.boolean().default(false),
  containers: z.array(
    z.object({
      image: z.string(),
      healthcheck: z.object({ enabled: z.boolean() }).optional(),
      env: z
        .array(
          z.object({
            name: z.string(),
            valueOrReferenceToSecret: z.string(),
            type: z.enum(["plain", "secret"]),
          }),
        )
        .default([]),
    }),
  ),
});
export type DeclaredDeployment = z.output<typeof deploymentSchema>;

/** The serverless deployment that a resource is; undefined when it is something else. */
export function declaredDeployment({ type, props }: Resource): DeclaredDeployment | undefined {
  return type === "verda:index:ContainerDeployment" ? deploymentSchema.parse(props) : undefined;
}

function splitAt(text: string, mark: string): [string, string] {
  const place = text.indexOf(mark);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + mark.length)];
}
