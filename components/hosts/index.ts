/** Where services run. What programs, and the CLI, may use of this folder. */
export type { Host, Service } from "./host.ts";
export { serviceSpecSchema } from "./service-spec.ts";
export type { Health, Listen, ResolvedServiceSpec, ServiceSpec } from "./service-spec.ts";
export { ProcessHost } from "./process/process-host.ts";
export type { ProcessHostArgs } from "./process/process-host.ts";
export { Process, Supervisor } from "./process/resources.ts";
export { SupervisorClient } from "./process/client.ts";
export { identify, waitUntil } from "./process/process-identity.ts";
export { sweep } from "./process/sweep.ts";
export type { Swept } from "./process/sweep.ts";
export type { ServiceReport, SupervisorReport } from "./process/supervisor/protocol.ts";
export { DockerHost } from "./docker/docker-host.ts";
export type { ContainerService } from "./docker/container-service.ts";
export type { DockerHostArgs } from "./docker/docker-host.ts";
export type { ContainerSpec } from "./docker/container-spec.ts";
