/** An app server's data as backups find it: a real Redis with accepted jobs, and participants' files. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Queue } from "@comfymulti/queue";
import { BACKUP_RULES } from "../../components/app-server/backup.ts";
import { repository } from "../../components/installation.ts";
import { newJob, result } from "../../services/queue/test/jobs.ts";
import { startRedis, type TestRedis } from "../../services/queue/src/testing/redis-server.ts";
import { startObjectStore, type TestObjectStore } from "../../worker/test/support/object-store.ts";
import { HoldingProxy } from "./holding-proxy.ts";

export const script = path.join(repository, "services", "backup", "backup.sh");
export const PASSWORD = "opens-the-backups";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class AppServerData {
  readonly folder = mkdtempSync(path.join(tmpdir(), "backup-"));
  readonly data = path.join(this.folder, "data");
  readonly #store: TestObjectStore;
  readonly proxy: HoldingProxy;
  #redis: TestRedis | undefined;
  readonly #children = new Set<ChildProcess>();

  private constructor(store: TestObjectStore, proxy: HoldingProxy) {
    this.#store = store;
    this.proxy = proxy;
  }

  /** @param storeFolder empty folder for the object store */
  static async start(storeFolder: string): Promise<AppServerData> {
    const store = await startObjectStore(storeFolder);
    const place = new AppServerData(store, await HoldingProxy.start(store.settings.R2_ENDPOINT));
    for (const name of ["redis", "files", "userdata"]) {
      mkdirSync(path.join(place.data, name), { recursive: true });
    }
    await place.startRedis();
    return place;
  }

  get redis(): TestRedis {
    if (!this.#redis) throw new Error("Redis is stopped");
    return this.#redis;
  }

  async startRedis(): Promise<void> {
    this.#redis = await startRedis([
      `dir ${path.join(this.data, "redis")}`,
      `user backup on >of-the-backup ${BACKUP_RULES}`,
      // It has no replicas to wait for.
      "repl-diskless-sync-delay 0",
    ]);
  }
  async stopRedis(): Promise<void> {
    await this.#redis?.stop();
    this.#redis = undefined;
  }

  async stop(): Promise<void> {
    for (const child of this.#children) endGroup(child);
    await this.stopRedis();
    await this.proxy.stop();
    await this.#store.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** The variables of backup.sh. */
  environment(): Record<string, string> {
    return {
      DATA_DIRECTORY: this.data,
      BACKUP_NAME: "comfyume-test",
      APP_SERVER_REDIS_HOST: "127.0.0.1",
      REDIS_PORT: String(this.#redis?.port ?? 1),
      REDIS_USERNAME: "backup",
      REDIS_PASSWORD: "of-the-backup",
      RESTIC_REPOSITORY: `s3:${this.proxy.url}/${this.#store.settings.R2_BUCKET}/test`,
      RESTIC_PASSWORD: PASSWORD,
      AWS_ACCESS_KEY_ID: this.#store.settings.R2_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY: this.#store.settings.R2_SECRET_ACCESS_KEY,
      AWS_DEFAULT_REGION: "auto",
      // Not due in most tests: it takes longer than the backup.
      MAINTENANCE_SECONDS: "9999999999",
    };
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const child = spawn("bash", [script, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that a kill reaches restic too.
      detached: true,
      env: { PATH: process.env.PATH, ...this.environment(), ...environment },
    });
    this.#children.add(child);
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (text) => (output.stdout += String(text)));
    child.stderr.on("data", (text) => (output.stderr += String(text)));
    const ended = once(child, "close").then(([code]): Ended => {
      this.#children.delete(child);
      return { code: code as number | null, ...output };
    });
    return { child, output, ended, kill: () => endGroup(child) };
  }

  async run(...args: string[]): Promise<Ended> {
    return await this.start(args).ended;
  }

  /** The status file. */
  status(): Record<string, string> {
    const text = readFileSync(path.join(this.data, "backup", "status"), "utf8");
    return Object.fromEntries(
      text
        .trim()
        .split("\n")
        .map((line) => {
          const [name = "", ...value] = line.split("=");
          return [name, value.join("=")];
        }),
    );
  }

  async openQueue(): Promise<Queue> {
    const { host, port, password } = this.redis;
    return await Queue.connect({ host, port, password });
  }

  /** Accepts jobs in every state, and writes what they brought. @returns their ids */
  async work(): Promise<string[]> {
    const queue = await this.openQueue();
    await queue.applySettings();
    const jobs = ["user001", "user002", "user003", "user001", "user002"].map((user) =>
      newJob(user, { payload: graph(randomBytes(2000).toString("hex")) }),
    );
    for (const job of jobs) await queue.enqueue(job);
    const done = await queue.claim("worker-1", 1_000_000);
    if (!done) throw new Error("nothing to claim");
    const holder = { worker: "worker-1", job: done.job.id, attempt: done.attempt };
    await queue.complete(holder, result);
    await queue.claim("worker-2", 1_000_000);
    await queue.close();
    this.write("files/outputs/user001/a picture ü.png", randomBytes(3_000_000));
    this.write("files/inputs/user002/mask.png", randomBytes(50_000));
    this.write("userdata/user001/workflows/mine%2Fbest.json", Buffer.from('{"nodes":[]}'));
    this.write("userdata/user003/empty.json", Buffer.alloc(0));
    return jobs.map(({ id }) => id);
  }

  write(place: string, content: Buffer): void {
    const file = path.join(this.data, place);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** Every job with its graph and result, as the queue tells them. */
  async jobs(ids: readonly string[]) {
    const queue = await this.openQueue();
    try {
      return await Promise.all(
        ids.map(async (id) => ({
          job: await queue.job(id),
          payload: await queue.payload(id),
          result: await queue.result(id),
        })),
      );
    } finally {
      await queue.close();
    }
  }

  /** Participants' files: path → sha256. */
  files(folder = this.data): Record<string, string> {
    return Object.fromEntries(
      ["files", "userdata"].flatMap((top) =>
        readdirSync(path.join(folder, top), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => {
            const file = path.join(entry.parentPath, entry.name);
            const sum = createHash("sha256").update(readFileSync(file)).digest("hex");
            return [path.relative(folder, file), sum];
          }),
      ),
    );
  }
}

const graph = (text: string) => ({
  prompt: { "1": { class_type: "X", inputs: { text } } },
  extraData: {},
  outputsToExecute: ["1"],
});

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
