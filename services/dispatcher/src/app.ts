/** Puts the dispatcher together: the queue, the endpoint, a slot for each replica, and `/health`. */
import { Queue } from "@comfymulti/queue";
import fastify from "fastify";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { Endpoint } from "./endpoint.ts";
import type { Environment } from "./environment.ts";
import { KnownFacts } from "./known-facts.ts";
import { Slot } from "./slot.ts";

export interface DispatcherApp {
  /** Origin of `/health`: 200 while every slot can work, 503 with the reasons while one can't. */
  readonly healthUrl: string;
  /** Drains: running jobs may end within DRAIN_SECONDS, then they go back to the queue. */
  close(): Promise<void>;
}

/** Connects, listens and begins to claim. */
export async function startDispatcher(
  environment: Environment,
  log: Logger,
): Promise<DispatcherApp> {
  const leaseMs = environment.LEASE_SECONDS * 1000;
  const coldStartMs = environment.COLD_START_SECONDS * 1000;
  const queue = await Queue.connect({
    host: environment.APP_SERVER_REDIS_HOST,
    port: environment.REDIS_PORT,
    ...(environment.REDIS_USERNAME !== undefined && { username: environment.REDIS_USERNAME }),
    password: environment.REDIS_PASSWORD,
    hashTag: environment.QUEUE_HASH_TAG,
    leaseMs,
  });
  const endpoint = new Endpoint({
    url: environment.ENDPOINT_URL,
    key: environment.INFERENCE_KEY,
    patienceMs: coldStartMs,
  });
  const parts = {
    ...{ queue, endpoint, leaseMs, coldStartMs, log },
    facts: new KnownFacts(endpoint, environment.FACTS_FILE, log),
    queueManagerUrl: environment.QUEUE_MANAGER_URL,
    limits: {
      noProgressMs: environment.EXECUTION_TIMEOUT_SECONDS * 1000,
      totalMs: environment.JOB_TIMEOUT_SECONDS * 1000,
    },
  };
  const slots = Object.entries(environment.SLOT_TOKENS).map(
    ([name, token]) => new Slot(name, token, parts),
  );

  const server = fastify({ forceCloseConnections: true });
  server.get("/health", async (_request, reply) => {
    const states = slots.map((slot) => slot.health());
    const well = states.every(({ problem }) => problem === undefined);
    return reply
      .code(well ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ slots: states });
  });
  // Whether this process is well. Replicas may come with the first job, minutes from now.
  server.get("/live", async (_request, reply) => reply.code(204).send());
  await server.listen({ host: environment.HOST, port: environment.HEALTH_PORT });
  const { port } = server.server.address() as AddressInfo;
  for (const slot of slots) slot.start();

  const host = environment.HOST.includes(":") ? `[${environment.HOST}]` : environment.HOST;
  return {
    healthUrl: `http://${host}:${port}`,
    close: async () => {
      await Promise.all(slots.map((slot) => slot.close(environment.DRAIN_SECONDS * 1000)));
      await server.close();
      await endpoint.close();
      await queue.close();
    },
  };
}
