/** The machines of a stack in the cloud and the containers on them, as its DockerHosts declare them. */
import { z } from "zod";
import { run, type Ended } from "../backup/run.ts";
import type { StackResource } from "../cost/resources.ts";

export interface Machine {
  /** `ssh://root@192.0.2.7`, or what else docker's `-H` takes. */
  readonly address: string;
  readonly sshOptions: readonly string[];
}

export interface Container {
  /** As the stack calls it: `nginx`. */
  readonly service: string;
  /** As docker calls it: `comfyume-workshop-nginx`. */
  readonly name: string;
  readonly machine: Machine;
}

const CONTAINER = "docker:index/container:Container";
const PROVIDER = "pulumi:providers:docker";

/** The engine keeps a provider's lists as JSON. */
const words = z
  .union([z.array(z.string()), z.string().transform((text) => JSON.parse(text) as unknown)])
  .pipe(z.array(z.string()))
  .catch([]);
const providerSchema = z.object({ host: z.string(), sshOpts: words.default([]) });
const containerSchema = z.object({ name: z.string() });

export function containersOf(resources: readonly StackResource[]): Container[] {
  const machines = new Map<string, Machine>(
    resources
      .filter(({ type }) => type === PROVIDER)
      .flatMap(({ urn, id, inputs }) => {
        const parsed = providerSchema.safeParse(inputs).data;
        return parsed
          ? [[`${urn}::${id}`, { address: parsed.host, sshOptions: parsed.sshOpts }] as const]
          : [];
      }),
  );
  return resources
    .filter(({ type }) => type === CONTAINER)
    .flatMap(({ name: service, provider = "", inputs }) => {
      const machine = machines.get(provider);
      const name = containerSchema.safeParse(inputs).data?.name;
      return machine && name !== undefined ? [{ service, name, machine }] : [];
    });
}

/** Each once. */
export const machinesOf = (resources: readonly StackResource[]): Machine[] => [
  ...new Map(containersOf(resources).map(({ machine }) => [machine.address, machine])).values(),
];

const SSH = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=20"];

/** The program that does this on the machine, with its arguments. */
export function commandOn(
  { address, sshOptions }: Machine,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  const target = /^ssh:\/\/(.+)$/.exec(address)?.[1];
  if (target === undefined) {
    const [program, ...rest] = command;
    return program === "docker" ? ["docker", "-H", address, ...rest] : command;
  }
  const [, host = target, port] = /^(.*?)(?::(\d+))?$/.exec(target) ?? [];
  const portOption = port === undefined ? [] : ["-p", port];
  return ["ssh", ...SSH, ...sshOptions, ...portOption, host, command.map(quote).join(" ")];
}

/** Runs it there to its end; code 255 or 127 where the machine can't be reached. */
export async function runOn(
  machine: Machine,
  command: readonly [string, ...string[]],
): Promise<Ended> {
  const [program, ...args] = commandOn(machine, command);
  return await run(program, args);
}

/** One word for the shell at the other end. */
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
