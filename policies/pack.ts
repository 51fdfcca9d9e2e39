/** The policy pack: every rule, one file each under rules/. */
import { PolicyPack } from "@pulumi/policy";
import { queueDepthLimited } from "./rules/queue-depth-limited.ts";
import { redisDurable } from "./rules/redis-durable.ts";
import { redisNotPublic } from "./rules/redis-not-public.ts";
import { secretsEncrypted } from "./rules/secrets-encrypted.ts";
import { timeoutsForVideo } from "./rules/timeouts-for-video.ts";

export const rules = [
  queueDepthLimited,
  redisDurable,
  redisNotPublic,
  secretsEncrypted,
  timeoutsForVideo,
];

new PolicyPack("comfymulti", { policies: rules });
