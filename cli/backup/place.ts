/**
 * Where a stack's data and its backup service are. The service is spoken to through its folder
 * `backup/`: a file that asks, a file that answers. So the same way works for a process here and for
 * a container behind ssh, and a wish outlives a restart of the service.
 */
import type { BackupAccess } from "../../components/app-server/backup.ts";
import { ContainerPlace } from "./container-place.ts";
import { ProcessPlace } from "./process-place.ts";
import type { Ended } from "./run.ts";

export interface BackupPlace {
  /** A file of the service's folder; undefined when it is not there. */
  read(name: string): Promise<string | undefined>;
  /** Writes a file of the service's folder, whole or not at all. */
  write(name: string, content: string): Promise<void>;
  /** Whether the service is there to answer. */
  isServing(): Promise<boolean>;
  /** The stack's services that run there, by name. */
  running(): Promise<readonly string[]>;
  /** Whether there is data that a restore would take the place of. */
  hasData(): Promise<boolean>;
  /** Stops all of the stack's services there. */
  stop(): Promise<void>;
  /** Puts a backup in the place of the data. */
  restore(snapshot: string): Promise<Ended>;
  /** What brings the services back after a restore; undefined when it was done. */
  start(): Promise<string | undefined>;
}

export function backupPlace(stackName: string, access: BackupAccess): BackupPlace {
  return access.place.kind === "process"
    ? new ProcessPlace(stackName, access.place.dataDirectory, access.environment)
    : new ContainerPlace(access.place, access.environment);
}
