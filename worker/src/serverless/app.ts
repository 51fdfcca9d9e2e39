/** Puts a replica together: ComfyUI's driver and the HTTP server that a dispatcher calls. */
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import type { ServerlessOptions } from "./options.ts";
import { Replica } from "./replica.ts";
import { buildServer } from "./server.ts";

export interface ServerlessApp {
  /** Origin of the server; `/health` answers there. */
  readonly healthUrl: string;
  /**
   * Resolves when ComfyUI answered and jobs are taken, or when it was closed meanwhile.
   * Throws ComfyuiUnreachableError when ComfyUI does not answer within the start-up window.
   */
  start(): Promise<void>;
  /** Gives the running job back and closes; takes under 30 s, what a provider grants on eviction. */
  close(): Promise<void>;
}

/** Listens and answers health checks; takes no job before `start`. Rejects when the port is taken. */
export async function createServerlessApp(
  options: ServerlessOptions,
  log: Logger,
): Promise<ServerlessApp> {
  const replica = new Replica(options, log);
  const server = buildServer(replica, options.queueManagerUrl);
  await server.listen({ host: options.host, port: options.port });
  const { port } = server.server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    healthUrl: `http://${host}:${port}`,
    start: () => replica.start(),
    close: async () => {
      await replica.close();
      await server.close();
    },
  };
}
