/**
 * ComfyUI as this process's child: starts it, starts it again when it ends, stops it with everything
 * that it started. There are never two of them. Knows nothing of what ComfyUI does.
 */
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { Child } from "./child.ts";
import type { Exit } from "./child.ts";

/** Lines of output that are kept for telling why it ended. */
export const KEPT_LINES = 200;
/** Lines that are told with an unexpected end. */
const TOLD_LINES = 20;

/** Custom nodes are other people's code: what opens Redis, the gateway or a bucket stays here. */
const SECRET = /TOKEN|PASSWORD|SECRET|CREDENTIAL|ACCESS_KEY|API_KEY/i;

export interface ComfyuiProcessOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly log: Logger;
  /** Its environment. Default: this process's. Variables named like secrets are left out. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Wait before the first new start; doubles with each, ms. Default 1 000. */
  readonly firstDelayMs?: number;
  /** Longest wait before a new start, ms. Default 30 000. */
  readonly longestDelayMs?: number;
  /** Who lived this long starts again with the shortest wait, ms. Default 300 000. */
  readonly steadyMs?: number;
  /** From SIGTERM to SIGKILL, ms. Default 10 000. */
  readonly stopMs?: number;
}

export interface ComfyuiExit extends Exit {
  /** True when `stop` or `restart` asked for it. */
  readonly expected: boolean;
  /** Until the next start, ms; undefined when there is none. */
  readonly restartInMs: number | undefined;
}

interface ComfyuiProcessEvents {
  /** A child was started; `pid` is undefined when that failed. */
  start: [pid: number | undefined];
  exit: [exit: ComfyuiExit];
}

export class ComfyuiProcess extends EventEmitter<ComfyuiProcessEvents> {
  readonly #options: Required<ComfyuiProcessOptions>;
  readonly #stopping = new AbortController();
  readonly #lines: string[] = [];
  #life: Promise<void> | undefined;
  #child: Child | undefined;
  /** Ends the wait before a new start. */
  #waiting: AbortController | undefined;
  #restart: PromiseWithResolvers<void> | undefined;

  constructor(options: ComfyuiProcessOptions) {
    super();
    this.#options = {
      environment: process.env,
      firstDelayMs: 1000,
      longestDelayMs: 30_000,
      steadyMs: 300_000,
      stopMs: 10_000,
      ...options,
    };
  }

  /** Of the child that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The last 200 lines of output, oldest first, over all starts. */
  get output(): readonly string[] {
    return this.#lines;
  }

  /** Starts it and keeps it running until `stop`. A second call, or one after `stop`, does nothing. */
  start(): void {
    this.#life ??= this.#supervise();
  }

  /**
   * Ends it and starts it again at once, for a ComfyUI that hangs. Resolves when the new one is
   * started (not yet ready), or when it was stopped meanwhile. Calls at the same time are one.
   */
  async restart(): Promise<void> {
    if (!this.#life || this.#isStopped()) return;
    if (!this.#restart) {
      this.#restart = Promise.withResolvers();
      this.#waiting?.abort();
      void this.#child?.stop(this.#options.stopMs);
    }
    await this.#restart.promise;
  }

  /** Ends it, with force after 10 s, and starts it no more. Resolves when all of it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waiting?.abort();
    await this.#child?.stop(this.#options.stopMs);
    await this.#life;
  }

  async #supervise(): Promise<void> {
    const { steadyMs, firstDelayMs, longestDelayMs } = this.#options;
    let failures = 0;
    while (!this.#isStopped()) {
      const startedAt = performance.now();
      const exit = await this.#run();
      const expected = this.#isStopped() || this.#restart !== undefined;
      const steady = performance.now() - startedAt >= steadyMs;
      failures = expected ? 0 : steady ? 1 : failures + 1;
      const delayMs = expected
        ? 0
        : Math.min(firstDelayMs * 2 ** Math.min(failures - 1, 30), longestDelayMs);
      const restartInMs = this.#isStopped() ? undefined : delayMs;
      this.#report(exit, expected, restartInMs);
      this.emit("exit", { ...exit, expected, restartInMs });
      if (delayMs > 0) await this.#wait(delayMs);
    }
    this.#restart?.resolve();
  }

  /** A call, because it changes while somebody waits. */
  #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<Exit> {
    const { command, environment, log } = this.#options;
    const child = new Child(command, withoutSecrets(environment), (line) => {
      this.#keep(line);
    });
    this.#child = child;
    log.info({ program: command[0], comfyuiPid: child.pid }, "ComfyUI is started");
    this.#restart?.resolve();
    this.#restart = undefined;
    this.emit("start", child.pid);
    try {
      return await child.ended;
    } finally {
      this.#child = undefined;
    }
  }

  async #wait(delayMs: number): Promise<void> {
    if (this.#isStopped() || this.#restart) return;
    this.#waiting = new AbortController();
    await sleep(delayMs, undefined, { signal: this.#waiting.signal }).catch(() => undefined);
    this.#waiting = undefined;
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    this.#options.log.debug({ source: "comfyui" }, line);
  }

  #report(exit: Exit, expected: boolean, restartInMs: number | undefined): void {
    const { log } = this.#options;
    if (expected) {
      log.info({ ...exit }, "ComfyUI was ended");
      return;
    }
    const lastLines = this.#lines.slice(-TOLD_LINES);
    log.error({ ...exit, restartInMs, lastLines }, "ComfyUI ended by itself; it is started again");
  }
}

const withoutSecrets = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRET.test(name)));
