/**
 * One run of a command, in a process group of its own, so that whatever it starts ends with it: a
 * process that is left behind keeps its GPU memory.
 */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { OutputLines } from "./output-lines.ts";

export interface Exit {
  /** Null when a signal ended it, or when it never started. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  readonly problem?: string;
}

/** What is still in the pipes of an ended process arrives within this time, ms. */
const LAST_OUTPUT_MS = 1000;

export class Child {
  readonly pid: number | undefined;
  /** Resolves once the process and everything in its group has ended and its output is read. */
  readonly ended: Promise<Exit>;
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;

  constructor(
    [program = "", ...parameters]: readonly string[],
    environment: NodeJS.ProcessEnv,
    onLine: (line: string) => void,
  ) {
    this.#process = spawn(program, parameters, {
      detached: true,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.pid = this.#process.pid;
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      const lines = new OutputLines(onLine);
      stream.on("data", (bytes: Buffer) => {
        lines.push(bytes);
      });
      stream.once("close", () => {
        lines.end();
      });
    }
    this.ended = this.#end();
  }

  /** Asks the group to end, and ends it after `graceMs`. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#signal("SIGTERM");
    const patience = new AbortController();
    const forced = sleep(graceMs, undefined, { signal: patience.signal }).then(
      () => {
        this.#signal("SIGKILL");
      },
      () => undefined,
    );
    await this.ended;
    patience.abort();
    await forced;
  }

  async #end(): Promise<Exit> {
    const closed = once(this.#process, "close").catch(() => undefined);
    let exit: Exit;
    try {
      const [code, signal] = (await once(this.#process, "exit")) as [
        number | null,
        NodeJS.Signals | null,
      ];
      exit = { code, signal };
    } catch (error) {
      // `once` rejects with the process's "error": it was never there.
      return { code: null, signal: null, problem: startProblem(error) };
    }
    this.#signal("SIGKILL");
    const patience = new AbortController();
    const enough = sleep(LAST_OUTPUT_MS, undefined, { signal: patience.signal });
    await Promise.race([closed, enough]);
    patience.abort();
    await enough.catch(() => undefined);
    // A descendant that left the group may hold the pipes open for ever.
    this.#process.stdout.destroy();
    this.#process.stderr.destroy();
    return exit;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }
}

function startProblem(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such program";
  if (code === "EACCES") return "the program may not be executed";
  return error instanceof Error ? error.message : "it could not be started";
}
