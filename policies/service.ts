/** A declared service as rules look at it, whatever host it runs on. */
import { z } from "zod";

const serviceSchema = z.object({
  name: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  secretEnvironment: z.record(z.string(), z.string()).default({}),
});
export type DeclaredService = z.infer<typeof serviceSchema>;

const SERVICE_TYPES = ["comfymulti:index:Process"];

/** The service behind a resource; undefined when the resource is something else. */
export function declaredService(type: string, props: unknown): DeclaredService | undefined {
  return SERVICE_TYPES.includes(type) ? serviceSchema.parse(props) : undefined;
}

/** Redis' configuration text, when the service is a Redis. */
export const redisConfig = (service: DeclaredService): string | undefined =>
  service.secretEnvironment.REDIS_CONFIG;
