import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredRedis } from "../subjects/redis.ts";

/** An accepted job must survive kill -9 and a power cut. */
export const redisDurable: ResourceValidationPolicy = {
  name: "redis-durable",
  description: "Checks that Redis writes every accepted job to disk before it is acknowledged.",
  validateResource: (resource, report) => {
    const redis = declaredRedis(resource);
    if (!redis) return;
    for (const [option, wanted] of [
      ["appendonly", "yes"],
      ["appendfsync", "always"],
    ] as const) {
      const value = redis.config
        .map((line) => line.trim().split(/\s+/))
        .findLast(([name]) => name === option)?.[1];
      if (value === wanted) continue;
      report(
        `Redis must have "${option} ${wanted}", not ${value ?? "its default"}: put it back into components/app-server/redis-config.ts.`,
      );
    }
    if (redis.config.some((line) => /^user default off\b/.test(line) && !line.includes("+@all"))) {
      report(
        'Redis must leave the user default its rights ("user default off ~* &* +@all"): at a start it reads the append-only file as this user, and leaves out every transaction that the user may not run.',
      );
    }
  },
};
