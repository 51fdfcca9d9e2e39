/**
 * Where a workshop's day is rehearsed: a home of its own on this machine, with Verda's simulator for
 * the machines. Commands are run as the host would run them, so that what is rehearsed is what is used
 * on the day. Nothing outside this machine is touched.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { stringify } from "yaml";
import { repository } from "../../../components/installation.ts";
import { SupervisorClient, type ServiceReport } from "../../../components/hosts/index.ts";
import { startVerdaSimulator, type VerdaSimulator } from "../../../rehearsal/verda/index.ts";
import { changedText } from "../../upgrade/settings-file.ts";

/** Name of the rehearsed stack; its own home keeps it apart from every other. */
export const STACK = "day";

/** Simulated seconds of Verda in one real one. */
const VERDA_SPEED = 200;
/** So far Verda's clock is behind at first, for longer than a day takes: commands count what was spent by this machine's. */
const VERDA_BEHIND_MS = 48 * 3_600_000;
const credentials = {
  VERDA_CLIENT_ID: "rehearsal",
  VERDA_CLIENT_SECRET: "of-this-rehearsal",
} as const;
/** A user's own engine settings must not decide where the rehearsal's state goes. */
const FOREIGN = /^(PULUMI_|COMFYMULTI_(HOME|SETTINGS)$)/;

const LOOK_MS = 100;

export interface Ended {
  readonly code: number;
  /** Both outputs, as they came. */
  readonly text: string;
  readonly stdout: string;
}

export interface RunningCommand {
  readonly ended: Promise<Ended>;
  /** @throws Error when it ends without */
  printed(pattern: RegExp): Promise<void>;
}

export class DayPlace {
  readonly home = mkdtempSync(path.join(tmpdir(), "comfymulti-day-"));
  readonly verda: VerdaSimulator;
  readonly supervisor = new SupervisorClient(path.join(this.home, "stacks", STACK));
  readonly #signal: AbortSignal;

  readonly #stackFile = path.join(this.home, `Pulumi.${STACK}.yaml`);

  private constructor(verda: VerdaSimulator, signal: AbortSignal) {
    this.verda = verda;
    this.#signal = signal;
  }

  /** @param signal ends commands that are under way */
  static async start(signal: AbortSignal): Promise<DayPlace> {
    const verda = await startVerdaSimulator({
      clientId: credentials.VERDA_CLIENT_ID,
      clientSecret: credentials.VERDA_CLIENT_SECRET,
      speed: VERDA_SPEED,
      startsAt: new Date(Date.now() - VERDA_BEHIND_MS),
      rateLimit: false,
      balance: 1_000_000,
    });
    return new DayPlace(verda, signal);
  }

  /** @param config full keys */
  writeSettings(config: Readonly<Record<string, unknown>>): void {
    const all = { ...config, "verda:baseUrl": this.verda.url };
    writeFileSync(this.#stackFile, stringify({ config: all }));
  }

  /** @param settings by their names, without the namespace */
  changeSettings(settings: Readonly<Record<string, unknown>>): void {
    const text = readFileSync(this.#stackFile, "utf8");
    writeFileSync(this.#stackFile, changedText(text, settings));
  }

  /** `comfymulti` with these arguments. */
  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  start(...args: string[]): RunningCommand {
    const own = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
    const child = spawn(process.execPath, [path.join(repository, "cli/main.ts"), ...args], {
      env: {
        ...Object.fromEntries(own),
        ...credentials,
        COMFYMULTI_HOME: this.home,
        COMFYMULTI_SETTINGS: this.home,
        NO_COLOR: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stop = () => child.kill("SIGINT");
    this.#signal.addEventListener("abort", stop);
    let text = "";
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const ended = once(child, "close").then((): Ended => {
      this.#signal.removeEventListener("abort", stop);
      return { code: child.exitCode ?? 137, text, stdout };
    });
    return {
      ended,
      printed: async (pattern) => {
        while (!pattern.test(text)) {
          if (child.exitCode !== null) {
            throw new Error(`comfymulti ${args.join(" ")} ended unexpectedly:\n${lastLines(text)}`);
          }
          await pause(LOOK_MS);
        }
      },
    };
  }

  async services(): Promise<readonly ServiceReport[]> {
    return (await this.supervisor.status()) ?? [];
  }

  /** Ends a service without a word, as a fault of its own would, once it runs. */
  async crash(service: string): Promise<void> {
    for (;;) {
      this.#signal.throwIfAborted();
      const report = await this.supervisor.service(service);
      if (report?.status === "running" && report.pid !== undefined) {
        process.kill(report.pid, "SIGKILL");
        return;
      }
      await pause(LOOK_MS);
    }
  }

  /** Verda takes a worker's machine back, and everything on it is gone. */
  async evict(worker: string): Promise<void> {
    const machine = this.verda
      .inventory()
      .instances.find(({ hostname }) => hostname.endsWith(`-${worker}`));
    if (machine === undefined) throw new Error(`${worker} has no machine`);
    this.verda.evictSpot(machine.id);
    await this.supervisor.remove(worker);
    await this.supervisor.remove(worker.replace("worker-", "comfyui-"));
  }

  /** What Verda still bills for, each in a few words. */
  billed(): string[] {
    return this.verda.inventory().billable.map(({ kind, name }) => `${name} (${kind})`);
  }

  /** Takes down what is still there. */
  async remove(): Promise<void> {
    await this.supervisor.shutdown().catch(() => undefined);
    await this.verda.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

const LAST_LINES = 15;
export const lastLines = (text: string): string =>
  text.trimEnd().split("\n").slice(-LAST_LINES).join("\n");
