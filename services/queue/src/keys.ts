/**
 * Every key of the queue, named once. TypeScript builds them with `QueueKeys`; the Lua scripts get
 * the same table as a generated prelude. All share one hash tag, so a script may touch any of them
 * on a Redis Cluster too.
 */

/** Name → pattern after the root `{tag}:`; each `%s` takes one argument. */
export const keyPatterns = {
  /** hash: the job without its graph */
  job: "job:%s",
  /** string: the compressed graph */
  payload: "payload:%s",
  /** string: the compressed result of an ended job */
  result: "result:%s",
  /** zset member→score: all pending jobs in the order of claims */
  pending: "pending",
  /** zset: the same, only jobs of one VRAM class */
  pendingClass: "pending:%s",
  /** zset id→lease end (ms): running jobs */
  leases: "leases",
  /** zset id→sequence: jobs in one state, and one user's */
  state: "state:%s",
  userState: "user:%s:state:%s",
  /** zset id→end (ms): one user's history, and everybody's */
  userEnded: "user:%s:ended",
  ended: "ended",
  /** string: bytes of graphs of jobs that have not ended; hash user→bytes of their history */
  waitingBytes: "bytes:waiting",
  historyBytes: "bytes:history",
  /** hash: policy and affinity in force, written by the gateways */
  settings: "settings",
  /** string: virtual time of the fair policy; hash user→finish tag */
  virtualTime: "fair:virtual-time",
  finishTags: "fair:finish-tags",
  /** string: last sequence number */
  sequence: "sequence",
  /** string, present while intake is stopped: 1 = paused, "closed LIFE" = for good */
  paused: "paused",
  /** string: the host's word to everybody; channel: it has changed */
  announcement: "announcement",
  /** stream and channel of a user's events */
  events: "events:%s",
  /** channel of a user's previews */
  previews: "previews:%s",
  /** channel: there may be work */
  wake: "wake",
  /** channel: orders to one worker */
  control: "control:%s",
  /** hash worker→JSON */
  workers: "workers",
  /** string: compressed object_info by fingerprint; string: newest fingerprint; string: hash of its text */
  objectInfo: "object-info:%s",
  newestObjectInfo: "object-info-newest",
  objectInfoVersion: "object-info-version",
  /** hash models→JSON: what jobs with these models took of the GPU */
  vramPeaks: "vram-peaks",
} as const;

type KeyName = keyof typeof keyPatterns;

export class QueueKeys {
  /** Goes to every script as its one declared key. */
  readonly root: string;

  constructor(hashTag: string) {
    this.root = `{${hashTag}}:`;
  }

  of(name: KeyName, ...parts: readonly string[]): string {
    let index = 0;
    return this.root + keyPatterns[name].replaceAll("%s", () => parts[index++] ?? "");
  }

  /** The part of a channel's name that fills its one `%s`. */
  ownerOf(name: "events" | "previews" | "control", key: string): string | undefined {
    const start = this.root + keyPatterns[name].replace("%s", "");
    return key.startsWith(start) ? key.slice(start.length) : undefined;
  }
}

/**
 * Lua source that gives scripts the same names: `key("userState", user, state)`. Parts put together,
 * because a script needs some forty keys and `string.format` takes twice as long.
 */
export const luaKeys = [
  "local root = KEYS[1]",
  "local parts = {",
  ...Object.entries(keyPatterns).map(
    ([name, pattern]) => `  ${name} = ${luaParts(pattern.split("%s"))},`,
  ),
  "}",
  "local function key(name, first, second)",
  "  local part = parts[name]",
  "  if not first then return root .. part end",
  "  if not second then return root .. part[1] .. first .. part[2] end",
  "  return root .. part[1] .. first .. part[2] .. second .. part[3]",
  "end",
].join("\n");

function luaParts(parts: readonly string[]): string {
  const quoted = parts.map((part) => JSON.stringify(part));
  return quoted.length === 1 ? quoted.join("") : `{ ${quoted.join(", ")} }`;
}
