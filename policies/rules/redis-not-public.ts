import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredService, redisConfig } from "../service.ts";

/** Loopback, and the tailnet's range (100.64.0.0/10) over which workers come. */
const PRIVATE = /^(127\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$)/;

/** Whoever reaches Redis owns every job and every token in it. */
export const redisNotPublic: ResourceValidationPolicy = {
  name: "redis-not-public",
  description: "Checks that Redis listens on loopback or the tailnet alone, with a password.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    const service = declaredService(type, props);
    const config = service && redisConfig(service);
    if (config === undefined) return;
    const lines = config.split("\n");
    const addresses = lines.flatMap((line) => (/^bind (.+)$/.exec(line)?.[1] ?? "").split(" "));
    const open = addresses.filter((address) => address !== "" && !PRIVATE.test(address));
    if (open.length > 0 || addresses.every((address) => address === "")) {
      report(
        `Redis must bind loopback or tailnet addresses only (127.x, 100.64.x to 100.127.x), not ${open.join(", ") || "every address"}: change its listenAddress.`,
      );
    }
    if (!lines.some((line) => /^requirepass \S{22,}$/.test(line))) {
      report("Redis must have a password of at least 22 characters: set requirepass.");
    }
  },
};
