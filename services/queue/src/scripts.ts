/** Runs the Lua scripts: each file under scripts/ behind the shared prelude, by its hash. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import { toQueueError } from "./errors.ts";
import { luaKeys, type QueueKeys } from "./keys.ts";
import { luaDefaults } from "./options.ts";

const names = [
  "announce",
  "apply-settings",
  "cancel",
  "claim",
  "complete",
  "counts",
  "delete-history",
  "enqueue",
  "expire-leases",
  "fail",
  "forget-old",
  "heartbeat",
  "list",
  "memory",
  "position",
  "publish-message",
  "record-vram-peak",
  "register-worker",
  "release",
  "reprioritise",
  "retry",
  "set-paused",
  "unregister-worker",
  "waiting",
  "workers",
] as const;
export type ScriptName = (typeof names)[number];

export type ScriptArgument = string | number | Buffer;

/** What a script answers: text comes as bytes, because payloads are bytes. */
export type Reply = Buffer | number | null | readonly Reply[];

const read = (name: string) =>
  readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), "utf8");
const prelude = [luaKeys, luaDefaults, read("shared")].join("\n");
const sources = new Map(
  names.map((name) => {
    const source = `${prelude}\n${read(name)}`;
    return [name, { source, sha: createHash("sha1").update(source).digest("hex") }] as const;
  }),
);

export class Scripts {
  readonly #redis: Redis;
  readonly #keys: QueueKeys;

  constructor(redis: Redis, keys: QueueKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @throws one of errors.ts */
  async run(name: ScriptName, ...args: readonly ScriptArgument[]): Promise<Reply> {
    const script = sources.get(name);
    if (!script) throw new Error(`there is no script ${name}`);
    const { source, sha } = script;
    try {
      return (await this.#redis.callBuffer("EVALSHA", sha, 1, this.#keys.root, ...args)) as Reply;
    } catch (error) {
      // A Redis that was started anew knows no scripts yet.
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) {
        throw toQueueError(error);
      }
    }
    try {
      return (await this.#redis.callBuffer("EVAL", source, 1, this.#keys.root, ...args)) as Reply;
    } catch (error) {
      throw toQueueError(error);
    }
  }
}

/** A reply that is a list. */
export function list(reply: Reply | undefined): readonly Reply[] {
  if (!Array.isArray(reply)) throw new Error("the script's answer is no list");
  return reply as readonly Reply[];
}

export const text = (reply: Reply | undefined): string =>
  Buffer.isBuffer(reply) ? reply.toString("utf8") : String(reply);
