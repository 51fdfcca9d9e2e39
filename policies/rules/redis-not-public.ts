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
    if (!redis.config.some((line) => /^requirepass \S{22,}$/.test(line))) {
      report(
        "Redis must have a password of at least 22 characters, not none or a shorter one: set requirepass.",
      );
    }
  },
};
