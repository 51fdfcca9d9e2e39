/**
 * A stack of the benchmark's own: the settings of a stack in this repository on other ports and with
 * a home of its own, so that nobody's stack is touched.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { repository } from "../../components/installation.ts";
import { readStackFile } from "../../cli/stack-settings.ts";
import { writeStackFile } from "../../end-to-end/stack-file.ts";
import type { Scope } from "../measurement/figure.ts";
import { timeLines, type TimedRun } from "../measurement/timed-lines.ts";

const statusSchema = z.object({
  users: z.array(z.object({ id: z.string(), url: z.url(), token: z.string() })),
  services: z.array(z.object({ name: z.string(), pid: z.int().positive() })),
});
export type StackStatus = z.infer<typeof statusSchema>;
export type Participant = StackStatus["users"][number];

/** A user's own backend or passphrase must not decide where the state goes. */
const FOREIGN = ["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];

export class TemporaryStack {
  readonly name: string;
  readonly dataDirectory: string;
  /** For programs that work on this stack. */
  readonly environment: NodeJS.ProcessEnv;
  readonly #stop = new AbortController();
  #underWay: Promise<TimedRun> | undefined;

  /**
   * Prepares it; nothing runs yet.
   *
   * @param name Whose settings it has (`local`, `rehearsal`).
   * @param settings Instead of these, without the namespace.
   */
  constructor(
    name: string,
    scope: Scope,
    settings: Readonly<Record<string, string | number>> = {},
  ) {
    this.name = name;
    const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-bench-"));
    scope.defer(() => rmSync(folder, { recursive: true, force: true }));
    const home = path.join(folder, "home");
    mkdirSync(home);
    writeStackFile(folder, name, { ...settingsOf(name), ...settings });
    this.dataDirectory = path.join(home, "stacks", name);
    const own = Object.entries(process.env).filter(([key]) => !FOREIGN.includes(key));
    this.environment = {
      ...Object.fromEntries(own),
      COMFYMULTI_HOME: home,
      COMFYMULTI_SETTINGS: folder,
    };
    scope.defer(() => this.down());
  }

  up(): Promise<TimedRun> {
    return this.comfymulti("up", this.name);
  }

  async status(): Promise<StackStatus> {
    const { lines } = await this.comfymulti("status", this.name, "--json");
    return statusSchema.parse(JSON.parse(lines.map(({ text }) => text).join("\n")));
  }

  /** Ends what is at work on it, then takes it down with its data. */
  async down(): Promise<void> {
    this.#stop.abort();
    await this.#underWay?.catch(() => undefined);
    await timeLines(cli("down", this.name, "--purge"), {
      workingDirectory: repository,
      environment: this.environment,
    });
  }

  /** Runs the project's command line on this stack. */
  comfymulti(...command: readonly string[]): Promise<TimedRun> {
    return this.run(cli(...command), repository);
  }

  /** Runs a program that works on this stack; one at a time. */
  async run(
    command: readonly string[],
    workingDirectory: string,
    environment: NodeJS.ProcessEnv = this.environment,
  ): Promise<TimedRun> {
    const { signal } = this.#stop;
    signal.throwIfAborted();
    this.#underWay = timeLines(command, { workingDirectory, environment, signal });
    return this.#underWay;
  }
}

const cli = (...command: readonly string[]): string[] => [
  process.execPath,
  path.join(repository, "cli", "main.ts"),
  ...command,
];

/** The repository's settings of a stack, without its ports. */
function settingsOf(name: string): Record<string, string | number> {
  const settings: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(readStackFile(name).config ?? {})) {
    const setting = key.replace(/^comfymulti:/, "");
    if (!setting.endsWith("Port"))
      settings[setting] = z.union([z.string(), z.number()]).parse(value);
  }
  return settings;
}
