/**
 * The one place where names of Redis keys and channels are made, for TypeScript and Lua alike:
 * `luaKeyNames()` renders the same table into the head of every script.
 * All names share one hash tag, so that the queue stays in one slot of a Redis Cluster, and one
 * ACL pattern (`~{cm}:*` for keys, `&{cm}:*` for channels) covers them.
 */

/** `%s` stands for a job id, a user id, a state, a worker's name: none of them can hold a `:`. */
const names = {
  meta: "meta",
  finishTags: "finish-tags",
  pending: "pending",
  pendingClasses: "pending-classes",
  pendingOfClass: "pending:%s",
  leases: "leases",
  jobs: "jobs",
  jobsInState: "jobs:%s",
  job: "job:%s",
  payload: "payload:%s",
  result: "result:%s",
  userPending: "user:%s:pending",
  userJobs: "user:%s:jobs",
  userJobsInState: "user:%s:jobs:%s",
  userEnded: "user:%s:ended",
  userEvents: "user:%s:events",
  workers: "workers",
  worker: "worker:%s",
  objectInfos: "object-infos",
  objectInfo: "object-info:%s",
  wakeChannel: "wake",
  eventChannel: "events:%s",
  previewChannel: "previews:%s",
  controlChannel: "control:%s",
} as const;

export type KeyName = keyof typeof names;

export class Keys {
  /** What every key begins with; the one KEYS argument of every script. */
  readonly base: string;

  constructor(hashTag: string) {
    this.base = `{${hashTag}}:`;
  }

  of(name: KeyName, ...parts: readonly string[]): string {
    let next = 0;
    return this.base + names[name].replaceAll("%s", () => parts[next++] ?? "");
  }
}

/** The same table for Lua, where `key(name, …)` in `shared.lua` reads it. */
export function luaKeyNames(): string {
  const entries = Object.entries(names).map(([name, pattern]) => `${name} = '${pattern}'`);
  return `local key_names = { ${entries.join(", ")} }\n`;
}
