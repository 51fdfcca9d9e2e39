/** The server that browsers and workers talk to. May import components/hosts, components/secrets and services' environment schemas. */
export { AppServer, type AppServerArgs } from "./app-server.ts";
export { type Participant } from "./queue-manager.ts";
export { type RedisAddress } from "./redis.ts";
