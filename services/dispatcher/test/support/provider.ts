/**
 * Stands in for a container provider's endpoint: asks for the inference key, holds a call while no
 * replica is up, and passes calls on to one that is not busy. Written after Verda's documentation of
 * its inference data plane (Bearer key; the container's answer is passed through) and its container
 * deployments (a request beyond the replicas waits in a queue); never checked against the real one.
 */
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Replica } from "./replica.ts";

export const KEY = "dc_key-of-the-tests";

export class Provider {
  /** Answers 401 to everybody while true. */
  refusesKey = false;
  /** Calls by method and path. */
  readonly calls: string[] = [];
  readonly replicas: Replica[] = [];
  readonly #server: http.Server;
  readonly #busy = new Set<Replica>();

  private constructor() {
    this.#server = http.createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<Provider> {
    const provider = new Provider();
    provider.#server.listen(0, "127.0.0.1");
    await once(provider.#server, "listening");
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/deployment`;
  }

  async scaleUp(queueManagerUrl: string, count = 1): Promise<void> {
    const started = Array.from({ length: count }, () => Replica.start(queueManagerUrl));
    this.replicas.push(...(await Promise.all(started)));
  }

  async evict(replica: Replica): Promise<void> {
    this.replicas.splice(this.replicas.indexOf(replica), 1);
    await replica.evict();
  }

  async scaleToZero(): Promise<void> {
    await Promise.all(this.replicas.splice(0).map((replica) => replica.stop()));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await Promise.all(this.replicas.splice(0).map((replica) => replica.evict()));
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const route = (request.url ?? "").replace("/deployment", "");
    this.calls.push(`${request.method} ${route}`);
    if (this.refusesKey || request.headers.authorization !== `Bearer ${KEY}`) {
      response.writeHead(401).end("invalid inference key");
      return;
    }
    const replica = await this.#free(response);
    if (!replica) return;
    if (route === "/jobs") this.#busy.add(replica);
    const release = () => this.#busy.delete(replica);
    const outgoing = http.request(replica.origin + route, {
      method: request.method,
      headers: request.headers,
    });
    outgoing.on("response", (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      incoming.pipe(response);
      incoming.once("close", () => {
        release();
        if (!incoming.complete) response.destroy();
      });
    });
    outgoing.on("error", () => {
      release();
      response.destroy();
    });
    response.once("close", () => {
      if (!response.writableFinished) outgoing.destroy();
    });
    request.pipe(outgoing);
  }

  /** Waits for one, as long as the caller does. */
  async #free(response: http.ServerResponse): Promise<Replica | undefined> {
    while (!response.destroyed && this.#server.listening) {
      const replica = this.replicas.find((each) => !this.#busy.has(each));
      if (replica) return replica;
      await pause(20);
    }
    return undefined;
  }
}
