/** What every container of the app server has in common. */
import type * as pulumi from "@pulumi/pulumi";

/** Given to a service that runs as a container; left out where it is a process. */
export interface ContainerPlace {
  /** By digest, or the id of one that was built on the machine. */
  readonly image: pulumi.Input<string>;
}

/** Networks of the app server: with published ports, without a way out, and for participants' own code. */
export const networks = ["edge", "internal", "frontends"] as const;
export type AppServerNetwork = (typeof networks)[number];

/** Last number of the addresses that stay the same: nginx resolves names only when it starts. */
const fixed = { nginx: 10, "queue-manager-1": 11, "queue-manager-2": 12 } as const;

/**
 * Four networks of 256 addresses in one of 1024.
 * @param network `172.29.80.0/22`
 */
export function subnets(network: string): Readonly<Record<AppServerNetwork, string>> {
  return { edge: part(network, 0), internal: part(network, 1), frontends: part(network, 2) };
}

/** The address of a service in the network without a way out. */
export function internalAddress(network: string, service: keyof typeof fixed): string {
  return part(network, 1).replace(/\.0\/24$/, `.${fixed[service]}`);
}

function part(network: string, index: number): string {
  const [first, second, third] = network.split(".").map(Number);
  return `${first}.${second}.${Number(third) + index}.0/24`;
}
