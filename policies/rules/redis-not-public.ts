import type { ResourceValidationPolicy } from "@pulumi/policy";
import { isPrivate } from "../subjects/addresses.ts";
import { declaredRedis } from "../subjects/redis.ts";

/** Whoever reaches Redis owns every job and every token in it. */
export const redisNotPublic: ResourceValidationPolicy = {
  name: "redis-not-public",
  description: "Checks that Redis listens on loopback or the tailnet alone, with a password.",
  validateResource: (resource, report) => {
    const redis = declaredRedis(resource);
    if (!redis) return;
    const bound = redis.config.flatMap((line) => (/^bind (.+)$/.exec(line)?.[1] ?? "").split(" "));
    const named = bound.filter((address) => address !== "");
    // In a container Redis binds every address of its own network; what is published counts.
    const open = redis.contained
      ? redis.listens.filter(({ host }) => !isPrivate(host)).map(({ host }) => host)
      : named.filter((address) => !isPrivate(address));
    if (open.length > 0 || (!redis.contained && named.length === 0)) {
      report(
        `Redis must be reached on loopback or tailnet addresses only (127.x, 100.64.x to 100.127.x), not ${open.join(", ") || "every address"}: change its listenAddress.`,
      );
    }
    if (!hasPasswords(redis.config)) {
      report(
        "Redis must ask everybody for a password: switch the user default off and give each other user the hash of one (user NAME on #SHA256 …), or set a requirepass of at least 22 characters.",
      );
    }
  },
};

/** One password for all, or users with one of their own and none without. */
function hasPasswords(config: readonly string[]): boolean {
  if (config.some((line) => /^requirepass \S{22,}$/.test(line))) return true;
  const users = config.filter((line) => line.startsWith("user "));
  const [closed, others] = [
    users.some((line) => /^user default off\b/.test(line)),
    users.filter((line) => !line.startsWith("user default ")),
  ];
  return (
    closed && others.every((line) => / #[0-9a-f]{64}( |$)/.test(line) && !/ nopass\b/.test(line))
  );
}
