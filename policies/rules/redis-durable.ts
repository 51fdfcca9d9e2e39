import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredService, redisConfig } from "../service.ts";

/** An accepted job must survive kill -9 and a power cut. */
export const redisDurable: ResourceValidationPolicy = {
  name: "redis-durable",
  description: "Checks that Redis writes every accepted job to disk before it is acknowledged.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    const service = declaredService(type, props);
    const config = service && redisConfig(service);
    if (config === undefined) return;
    for (const line of ["appendonly yes", "appendfsync always"]) {
      if (!config.split("\n").includes(line)) {
        report(
          `Redis must have "${line}": put it back into components/app-server/redis-config.ts.`,
        );
      }
    }
  },
};
