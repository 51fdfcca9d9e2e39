/** A stack's data and backup service as containers of a machine that ssh reaches. */
import path from "node:path";
import type { BackupAccess } from "../../components/app-server/backup.ts";
import { VisibleError } from "../visible-error.ts";
import type { BackupPlace } from "./place.ts";
import { run, type Ended } from "./run.ts";

type Machine = Extract<BackupAccess["place"], { kind: "container" }>;

const SSH = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=20"];
/** ssh's own exit code when there was no connection. */
const NO_CONNECTION = 255;

export class ContainerPlace implements BackupPlace {
  readonly #machine: Machine;
  readonly #environment: Readonly<Record<string, string>>;
  #stopped: readonly string[] = [];

  constructor(machine: Machine, environment: Readonly<Record<string, string>>) {
    this.#machine = machine;
    this.#environment = environment;
  }

  async read(name: string): Promise<string | undefined> {
    const { code, stdout } = await this.#ssh(["cat", this.#file(name)]);
    return code === 0 ? stdout : undefined;
  }

  async write(name: string, content: string): Promise<void> {
    const file = this.#file(name);
    // Whoever may log in there as another user than the service: it has to read it.
    const command = `umask 022; cat >${quote(`${file}.new`)} && mv ${quote(`${file}.new`)} ${quote(file)}`;
    await this.#must(["sh", "-c", command], content);
  }

  async isServing(): Promise<boolean> {
    const lock = this.#file("lock");
    const { code } = await this.#ssh(["test", "-e", lock]);
    return code === 0 && (await this.#ssh(["flock", "-n", lock, "true"])).code === 1;
  }

  async running(): Promise<readonly string[]> {
    return await this.#containers("{{.Names}}");
  }

  async hasData(): Promise<boolean> {
    const redis = path.posix.join(this.#machine.dataDirectory, "redis");
    return (await this.#ssh(["ls", "-A", redis])).stdout.trim() !== "";
  }

  async stop(): Promise<void> {
    this.#stopped = await this.#containers("{{.ID}}");
    if (this.#stopped.length > 0) await this.#must(["docker", "stop", ...this.#stopped]);
  }

  /** In a container of its own, which sees the data as a whole and nothing of Redis. */
  async restore(snapshot: string): Promise<Ended> {
    const { dataDirectory, image } = this.#machine;
    const { APP_SERVER_REDIS_HOST: _stopped, ...environment } = this.#environment;
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`);
    const options = [
      ...["--rm", "--interactive", "--env-file", "/dev/stdin"],
      ...["--user", "10001:10001", "--read-only", "--tmpfs", "/tmp"],
      ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"],
      ...["--volume", `${dataDirectory}:${dataDirectory}`],
    ];
    const command = ["docker", "run", ...options, image, "restore", snapshot];
    return await this.#ssh(command, variables.join(""));
  }

  async start(): Promise<undefined> {
    if (this.#stopped.length > 0) await this.#must(["docker", "start", ...this.#stopped]);
  }

  async #containers(format: string): Promise<string[]> {
    const label = `label=comfymulti.stack=${this.#machine.prefix}`;
    const out = await this.#must(["docker", "ps", "--filter", label, "--format", format]);
    return out.split("\n").filter((line) => line !== "");
  }

  #file(name: string): string {
    return path.posix.join(this.#machine.dataDirectory, "backup", name);
  }

  async #must(command: readonly string[], input = ""): Promise<string> {
    const { code, stdout, stderr } = await this.#ssh(command, input);
    if (code === 0) return stdout;
    throw new VisibleError(
      `${command[0] ?? ""} failed on ${this.#machine.ssh}: ${stderr.trim().split("\n").at(-1) ?? ""}`,
    );
  }

  /** @throws VisibleError when the machine can't be reached */
  async #ssh(command: readonly string[], input = ""): Promise<Ended> {
    const { ssh, sshOptions } = this.#machine;
    const line = command.map(quote).join(" ");
    const ended = await run("ssh", [...SSH, ...sshOptions, ssh, line], { input });
    if (ended.code === NO_CONNECTION || ended.code === 127) {
      throw new VisibleError(
        `${ssh} can't be reached by ssh (${ended.stderr.trim().split("\n").at(-1) ?? ""}): check that the machine runs and that you are in its private network.`,
      );
    }
    return ended;
  }
}

/** One word for the shell at the other end. */
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
