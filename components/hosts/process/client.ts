import { request } from "node:http";
import type { z } from "zod";
import type { ResolvedServiceSpec } from "../service-spec.ts";
import { supervisorPaths } from "./paths.ts";
import {
  ServiceError,
  SupervisorEndingError,
  errorSchema,
  logSchema,
  serviceReportSchema,
  statusSchema,
} from "./supervisor/protocol.ts";
import type { ServiceReport, SupervisorReport } from "./supervisor/protocol.ts";

/** Above every grace time that a spec allows (600 s), so that a slow stop is not taken for a hang. */
const REQUEST_TIMEOUT_MILLISECONDS = 630_000;

/** Speaks to the supervisor of one stack over its socket. */
export class SupervisorClient {
  readonly #socketPath: string;

  /** @param dataDirectory the `directory` of the stack's ProcessHost */
  constructor(dataDirectory: string) {
    this.#socketPath = supervisorPaths(dataDirectory).socket;
  }

  /** The supervisor and its services; `undefined` when no supervisor runs. */
  async supervisor(): Promise<SupervisorReport | undefined> {
    const answer = await this.#tryCall("GET", "/status");
    return answer && statusSchema.parse(answer.body);
  }

  /** The services; `undefined` when no supervisor runs. */
  async status(): Promise<ServiceReport[] | undefined> {
    return (await this.supervisor())?.services;
  }

  /** One service; `undefined` when it is not held or no supervisor runs. */
  async service(name: string): Promise<ServiceReport | undefined> {
    const answer = await this.#tryCall("GET", `/services/${name}`);
    return answer?.status === 200 ? serviceReportSchema.parse(answer.body) : undefined;
  }

  /**
   * Makes a service run as `spec` says; does not wait for its health.
   * @throws ServiceError with a sentence for the user when it can't be started
   * @throws SupervisorEndingError when this supervisor is about to end
   */
  async put(name: string, spec: ResolvedServiceSpec): Promise<ServiceReport> {
    const answer = await this.#call("PUT", `/services/${name}`, spec);
    if (answer.status === 503) throw new SupervisorEndingError();
    if (answer.status !== 200) throw new ServiceError(errorSchema.parse(answer.body).error);
    return serviceReportSchema.parse(answer.body);
  }

  /** Stops a service and waits until it is gone; no error when there is none. */
  async remove(name: string): Promise<void> {
    await this.#tryCall("DELETE", `/services/${name}`);
  }

  /** The last lines of a service's log, and where it is. */
  async log(name: string, lines = 20): Promise<z.infer<typeof logSchema> | undefined> {
    const answer = await this.#tryCall("GET", `/services/${name}/log?lines=${lines}`);
    return answer && logSchema.parse(answer.body);
  }

  /** Stops every service and the supervisor, and waits until it is gone. */
  async shutdown(): Promise<void> {
    if (!(await this.#tryCall("POST", "/shutdown"))) return;
    while (await this.#tryCall("GET", "/status")) await pause(50);
  }

  async #tryCall(method: string, path: string) {
    try {
      return await this.#call(method, path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // ECONNRESET: it ended while it was asked.
      if (code === "ENOENT" || code === "ECONNREFUSED" || code === "ECONNRESET") return undefined;
      throw error;
    }
  }

  #call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          socketPath: this.#socketPath,
          method,
          path,
          timeout: REQUEST_TIMEOUT_MILLISECONDS,
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.once("error", reject);
          response.once("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown });
          });
        },
      );
      outgoing.once("timeout", () => {
        outgoing.destroy(new Error("the supervisor did not answer: end it with `comfymulti stop`"));
      });
      outgoing.once("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, milliseconds));
}
