/** The server that browsers and workers talk to. May import components/hosts, components/secrets, services/nginx, workflows and services' environment schemas. */
export { AppServer, dataFolders } from "./app-server.ts";
export type { AppServerArgs, AppServerImages, SiteArgs } from "./app-server.ts";
export { Backup, backupAccessSchema, backupSettingsSchema } from "./backup.ts";
export type { BackupAccess, BackupSettings } from "./backup.ts";
export { certificatesSettingsSchema } from "./certificates.ts";
export { Monitoring, monitoringFolders } from "./monitoring.ts";
export { monitoringOptionsSchema } from "@comfymulti/monitoring";
export { Dispatcher, type DispatcherArgs } from "./dispatcher.ts";
export { AppServerMachine, type AppServerMachineArgs } from "./machine.ts";
export { networks, subnets } from "./container-place.ts";
export { frontendEngines, lightVersions, type FrontendPlan } from "./frontends.ts";
export { type Participant } from "./queue-manager.ts";
export { type RedisAddress } from "./redis.ts";
