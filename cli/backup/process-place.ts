/** A stack's data and backup service as processes on this machine. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { SupervisorClient, sweep } from "../../components/hosts/index.ts";
import type { BackupPlace } from "./place.ts";
import { run, type Ended } from "./run.ts";
import { runScript } from "./script.ts";

export class ProcessPlace implements BackupPlace {
  readonly #stack: string;
  readonly #data: string;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(stack: string, data: string, environment: Readonly<Record<string, string>>) {
    this.#stack = stack;
    this.#data = data;
    this.#environment = environment;
  }

  read(name: string): Promise<string | undefined> {
    const file = path.join(this.#data, "backup", name);
    return Promise.resolve(existsSync(file) ? readFileSync(file, "utf8") : undefined);
  }

  write(name: string, content: string): Promise<void> {
    const file = path.join(this.#data, "backup", name);
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, content, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return Promise.resolve();
  }

  /** The service holds its lock for as long as it lives. */
  async isServing(): Promise<boolean> {
    const lock = path.join(this.#data, "backup", "lock");
    return existsSync(lock) && (await run("flock", ["-n", lock, "true"])).code === 1;
  }

  async running(): Promise<readonly string[]> {
    const services = (await new SupervisorClient(this.#data).status()) ?? [];
    return services.map(({ name }) => name);
  }

  hasData(): Promise<boolean> {
    const folders = ["redis", ...(this.#environment.BACKUP_FOLDERS ?? "files userdata").split(" ")];
    const full = (folder: string) => existsSync(folder) && readdirSync(folder).length > 0;
    return Promise.resolve(folders.some((name) => full(path.join(this.#data, name))));
  }

  async stop(): Promise<void> {
    await sweep(this.#data);
  }

  async restore(snapshot: string): Promise<Ended> {
    return await runScript(["restore", snapshot], this.#environment);
  }

  start(): Promise<string> {
    return Promise.resolve(`npx comfymulti up ${this.#stack}`);
  }
}
