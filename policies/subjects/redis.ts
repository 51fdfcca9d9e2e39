/** A service that is a Redis, and its configuration. */
import { declaredContainer } from "./container.ts";
import { declaredService, type DeclaredService, type Resource } from "./service.ts";

const IMAGE = /(^|\/)(redis|valkey)([:@]|$)/;

export interface DeclaredRedis extends DeclaredService {
  /** Its configuration's lines: from REDIS_CONFIG, or as options of its command. */
  readonly config: readonly string[];
}

/** The Redis that a resource is; undefined when it is something else. */
export function declaredRedis(resource: Resource): DeclaredRedis | undefined {
  const service = declaredService(resource);
  if (!service) return undefined;
  const command = service.command.join(" ");
  const image = declaredContainer(resource)?.image ?? "";
  if (service.name !== "redis" && !IMAGE.test(image) && !command.includes("redis-server"))
    return undefined;
  const text = service.variable("REDIS_CONFIG");
  const config = text === undefined ? command.split(" --").slice(1) : text.split("\n");
  return { ...service, config };
}
