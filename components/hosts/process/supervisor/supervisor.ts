import { isDeepStrictEqual } from "node:util";
import type { ResolvedServiceSpec } from "../../service-spec.ts";
import { writeRecords } from "../leftovers.ts";
import { serviceLogFile } from "../paths.ts";
import type { SupervisorPaths } from "../paths.ts";
import { SupervisorEndingError } from "./protocol.ts";
import type { ServiceReport, SupervisorReport } from "./protocol.ts";
import { tailLog } from "./service-log.ts";
import { SupervisedService } from "./supervised-service.ts";

export interface SupervisorOptions {
  readonly paths: SupervisorPaths;
  /** Without a service for so long the supervisor ends by itself. */
  readonly idleSeconds: number;
  /** Called once, when it has been idle for so long. */
  readonly onIdle: () => void;
}

/** Holds a stack's services by name. Changes of one service happen one after the other. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #services = new Map<string, SupervisedService>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #startedAt = new Date().toISOString();
  #idleTimer: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#watchIdleness();
  }

  report(): SupervisorReport {
    const services = [...this.#services.values()].map((service) => service.report());
    return { pid: process.pid, startedAt: this.#startedAt, services };
  }

  service(name: string): ServiceReport | undefined {
    return this.#services.get(name)?.report();
  }

  log(name: string, lines: number): { file: string; lines: string[] } {
    const file = serviceLogFile(this.#options.paths, name);
    return { file, lines: tailLog(file, lines) };
  }

  /**
   * Makes a service run as `spec` says. One that runs so already, and is well, is kept: checks, stop
   * and restart policy are taken over without a restart. Anything else is a stop and a start.
   */
  put(name: string, spec: ResolvedServiceSpec): Promise<ServiceReport> {
    return this.#inTurn(name, async () => {
      if (this.#closing) throw new SupervisorEndingError();
      const present = this.#services.get(name);
      if (present?.isWell() === true && runsAlike(present.spec, spec)) {
        present.adopt(spec);
        return present.report();
      }
      await present?.stop();
      this.#services.delete(name);
      const service = new SupervisedService({
        name,
        spec,
        logFile: serviceLogFile(this.#options.paths, name),
        dataDirectory: this.#options.paths.data,
        onProcessChange: () => this.#record(),
      });
      this.#services.set(name, service);
      try {
        await service.start();
      } catch (error) {
        this.#services.delete(name);
        throw error;
      } finally {
        this.#watchIdleness();
      }
      return service.report();
    });
  }

  /** Stops a service and forgets it; false when there was none. */
  remove(name: string): Promise<boolean> {
    return this.#inTurn(name, async () => {
      const present = this.#services.get(name);
      if (!present) return false;
      await present.stop();
      this.#services.delete(name);
      this.#record();
      this.#watchIdleness();
      return true;
    });
  }

  /** Stops every service; nothing can be put afterwards. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#idleTimer);
    // A put that is under way may still add its service: wait for the turns, then look again.
    await Promise.allSettled(this.#turns.values());
    await Promise.all([...this.#services.keys()].map((name) => this.remove(name)));
    clearTimeout(this.#idleTimer);
  }

  #inTurn<T>(name: string, change: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(change, change);
    this.#turns.set(name, turn);
    return turn;
  }

  #record(): void {
    const records = [...this.#services.values()].flatMap(({ name, identity }) =>
      identity ? [{ name, identity }] : [],
    );
    try {
      writeRecords(this.#options.paths.records, records);
    } catch (error) {
      // A full disk must not end the services; they lack a record only if this process is killed.
      console.error(error);
    }
  }

  #watchIdleness(): void {
    clearTimeout(this.#idleTimer);
    if (this.#services.size > 0) return;
    this.#idleTimer = setTimeout(this.#options.onIdle, this.#options.idleSeconds * 1000);
  }
}

/** True when two specs give the same process. */
function runsAlike(one: ResolvedServiceSpec, other: ResolvedServiceSpec): boolean {
  const run = ({ health: _health, stop: _stop, restart: _restart, ...rest }: ResolvedServiceSpec) =>
    rest;
  return isDeepStrictEqual(run(one), run(other));
}
