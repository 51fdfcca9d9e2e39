/** All checks, in the order in which they are made. */
import type { Check, Patient } from "./check.ts";
import { backupCheck } from "./checks/backup.ts";
import { certificateCheck } from "./checks/certificate.ts";
import { clockCheck } from "./checks/clock.ts";
import { diskCheck } from "./checks/disk.ts";
import { driftCheck } from "./checks/drift.ts";
import { engineCheck } from "./checks/engine.ts";
import { servicesCheck, workersCheck } from "./checks/health.ts";
import { joinKeysCheck, linksCheck } from "./checks/keys.ts";
import { orphansCheck } from "./checks/orphans.ts";
import { versionsCheck } from "./checks/versions.ts";

/** Of every stack, also one that is not up. */
export const checks: readonly Check<Patient>[] = [engineCheck, driftCheck, orphansCheck];

export const checksWhenUp: readonly Check[] = [
  servicesCheck,
  workersCheck,
  versionsCheck,
  linksCheck,
  joinKeysCheck,
  certificateCheck,
  backupCheck,
  diskCheck,
  clockCheck,
];
