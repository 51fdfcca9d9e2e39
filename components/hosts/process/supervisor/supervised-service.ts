import { CONFIGURATION_ERROR_EXIT_CODE } from "@comfymulti/configuration";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import type { ResolvedServiceSpec } from "../../service-spec.ts";
import { SUPERVISED_BY } from "../leftovers.ts";
import { identify, signal } from "../process-identity.ts";
import type { ProcessIdentity } from "../process-identity.ts";
import { checkHealth } from "./health.ts";
import { requireFree } from "./ports.ts";
import { ServiceError } from "./protocol.ts";
import type { ServiceReport } from "./protocol.ts";
import { rotateLog } from "./service-log.ts";

const CHECK_MILLISECONDS = { starting: 200, running: 2_000 };
/** So many failed checks in a row make a running service unhealthy. */
const FAILED_CHECKS = 3;
/** After so long without a crash the wait before a restart begins at its minimum again. */
const STEADY_MILLISECONDS = 60_000;

export interface SupervisedServiceOptions {
  readonly name: string;
  readonly spec: ResolvedServiceSpec;
  readonly logFile: string;
  readonly dataDirectory: string;
  /** Called, synchronously, whenever the process changes: the identity goes on record. */
  readonly onProcessChange: () => void;
}

/** One service: its process group, its checks, its restarts. */
export class SupervisedService {
  readonly name: string;
  readonly #options: SupervisedServiceOptions;
  #spec: ResolvedServiceSpec;
  #child: ChildProcess | undefined;
  #identity: ProcessIdentity | undefined;
  #status: ServiceReport["status"] = "starting";
  #reason: string | undefined;
  #startedAt = new Date();
  #restarts = 0;
  #crashesInARow = 0;
  #failedChecks = 0;
  #ended: Promise<void> = Promise.resolve();
  #checkTimer: NodeJS.Timeout | undefined;
  #restartTimer: NodeJS.Timeout | undefined;

  constructor(options: SupervisedServiceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#spec = options.spec;
  }

  get spec(): ResolvedServiceSpec {
    return this.#spec;
  }

  get identity(): ProcessIdentity | undefined {
    return this.#identity;
  }

  /** True when it runs or is on its way to, and needs no new start. */
  isWell(): boolean {
    return this.#status === "running" || this.#status === "starting";
  }

  /** Takes over checks, stop and restart policy without touching the process. */
  adopt(spec: ResolvedServiceSpec): void {
    this.#spec = spec;
  }

  report(): ServiceReport {
    return {
      name: this.name,
      status: this.#status,
      healthy: this.#status === "running",
      version: this.#spec.version,
      ...(this.#identity && { pid: this.#identity.pid }),
      restarts: this.#restarts,
      startedAt: this.#startedAt.toISOString(),
      ...(this.#reason !== undefined && { reason: this.#reason }),
    };
  }

  /**
   * Starts the process. Does not wait for health.
   * @throws ServiceError when an address is taken or a directory is missing
   */
  async start(): Promise<void> {
    for (const directory of this.#spec.directories) {
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
      } catch (error) {
        throw new ServiceError(`directory ${directory} cannot be made: ${messageOf(error)}`);
      }
    }
    if (!existsSync(this.#spec.workingDirectory)) {
      throw new ServiceError(
        `working directory ${this.#spec.workingDirectory} does not exist: make it or correct it`,
      );
    }
    await requireFree(this.#spec.listens);
    this.#spawn();
  }

  /** Asks the process to end, kills its group after the grace, and waits until it is gone. */
  async stop(): Promise<void> {
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#checkTimer);
    this.#status = "stopping";
    const child = this.#child;
    if (child?.pid === undefined) return;
    const leader = child.pid;
    signal(leader, this.#spec.stop.signal);
    const kill = setTimeout(() => {
      this.#log(`did not end within ${this.#spec.stop.graceSeconds} s of the signal: killed`);
      signal(-leader, "SIGKILL");
    }, this.#spec.stop.graceSeconds * 1000);
    await this.#ended;
    clearTimeout(kill);
  }

  #spawn(): void {
    const [program = "", ...args] = this.#spec.command;
    this.#status = "starting";
    this.#failedChecks = 0;
    this.#startedAt = new Date();
    this.#log(`starting version ${this.#spec.version}`);
    const output = openSync(this.#options.logFile, "a", 0o600);
    const child = spawn(program, args, {
      cwd: this.#spec.workingDirectory,
      env: this.#environment(),
      // Own session and process group: all of it can be ended at once, and no terminal reaches it.
      detached: true,
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    this.#child = child;
    this.#identity = child.pid === undefined ? undefined : identify(child.pid);
    this.#options.onProcessChange();
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => {
        if (child.pid !== undefined) return;
        this.#child = undefined;
        this.#fail(`${program} cannot be started: ${error.message}`);
        resolve();
      });
      child.once("exit", (code, exitSignal) => {
        this.#onExit(child, code, exitSignal);
        resolve();
      });
    });
    this.#scheduleCheck();
  }

  #onExit(child: ChildProcess, code: number | null, exitSignal: string | null): void {
    // Children that the leader left behind would hold its ports.
    if (child.pid !== undefined) signal(-child.pid, "SIGKILL");
    clearTimeout(this.#checkTimer);
    this.#child = undefined;
    this.#identity = undefined;
    this.#options.onProcessChange();
    if (this.#status === "stopping") return;
    if (code === CONFIGURATION_ERROR_EXIT_CODE) {
      this.#fail(`exited with ${code}: its configuration is wrong`);
      return;
    }
    this.#scheduleRestart(
      code === null ? `was ended by ${exitSignal ?? "a signal"}` : `exited with ${code}`,
    );
  }

  #scheduleRestart(reason: string): void {
    if (Date.now() - this.#startedAt.getTime() > STEADY_MILLISECONDS) this.#crashesInARow = 0;
    const { minSeconds, maxSeconds } = this.#spec.restart;
    const seconds = Math.min(maxSeconds, minSeconds * 2 ** this.#crashesInARow);
    this.#crashesInARow += 1;
    this.#status = "restarting";
    this.#reason = reason;
    this.#log(`${reason}; next start in ${seconds} s`);
    this.#restartTimer = setTimeout(() => void this.#restart(), seconds * 1000);
  }

  async #restart(): Promise<void> {
    try {
      await requireFree(this.#spec.listens);
      if (this.#isStopping()) return;
      this.#restarts += 1;
      this.#spawn();
    } catch (error) {
      if (!this.#isStopping()) this.#scheduleRestart(messageOf(error));
    }
  }

  #fail(reason: string): void {
    if (this.#isStopping()) return;
    this.#status = "failed";
    this.#reason = reason;
    this.#log(`${reason}; not started again`);
  }

  #scheduleCheck(): void {
    const pause = CHECK_MILLISECONDS[this.#status === "starting" ? "starting" : "running"];
    this.#checkTimer = setTimeout(() => void this.#check(), pause);
  }

  async #check(): Promise<void> {
    const child = this.#child;
    rotateLog(this.#options.logFile);
    const fault = await checkHealth(this.#spec, this.#environment());
    // The process may have ended, or been asked to, while the check was under way.
    if (this.#child !== child || child === undefined || this.#isStopping()) return;
    if (fault === undefined) {
      this.#failedChecks = 0;
      this.#status = "running";
      this.#reason = undefined;
    } else {
      this.#failedChecks += 1;
      this.#reason = fault;
      if (this.#status === "running" && this.#failedChecks >= FAILED_CHECKS) {
        this.#status = "unhealthy";
        this.#log(`unhealthy: ${fault}`);
      }
    }
    this.#scheduleCheck();
  }

  #isStopping(): boolean {
    return this.#status === "stopping";
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      ...this.#spec.environment,
      ...this.#spec.secretEnvironment,
      [SUPERVISED_BY]: this.#options.dataDirectory,
    };
  }

  #log(line: string): void {
    try {
      appendFileSync(this.#options.logFile, `[supervisor] ${new Date().toISOString()} ${line}\n`, {
        mode: 0o600,
      });
    } catch {
      // A log that can't be written must not keep the service from running.
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown fault";
}
