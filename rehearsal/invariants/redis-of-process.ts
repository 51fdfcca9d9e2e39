/** Where a queue manager that runs on this machine finds Redis, and as whom: out of its environment. */
import { readFileSync } from "node:fs";
import type { RedisAddress } from "./redis-watch.ts";

/** @param pid of the queue manager; Linux alone tells a process' environment */
export function redisOfProcess(pid: number): RedisAddress {
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  const valueOf = (name: string): string => {
    const line = variables.find((variable) => variable.startsWith(`${name}=`));
    if (line === undefined)
      throw new Error(`process ${pid} has no ${name}: is it a queue manager?`);
    return line.slice(name.length + 1);
  };
  return {
    port: Number(valueOf("REDIS_PORT")),
    username: valueOf("REDIS_USERNAME"),
    password: valueOf("REDIS_PASSWORD"),
  };
}
