import { z } from "zod";
import { serviceNameSchema, serviceSpecSchema } from "../../service-spec.ts";

/** What is said over the supervisor's socket. */

/**
 * starting: running, not yet healthy · running: healthy · unhealthy: runs, but its checks fail ·
 * restarting: ended by itself, waits for its next start · failed: will not be started again ·
 * stopping: asked to end.
 */
export const serviceStatusSchema = z.enum([
  "starting",
  "running",
  "unhealthy",
  "restarting",
  "failed",
  "stopping",
]);

export const serviceReportSchema = z.object({
  name: serviceNameSchema,
  status: serviceStatusSchema,
  healthy: z.boolean(),
  version: z.string(),
  /** Absent while no process runs. */
  pid: z.number().int().optional(),
  /** Restarts after crashes since the service was put. */
  restarts: z.number().int(),
  /** ISO time of the last start. */
  startedAt: z.string(),
  /** The last fault: a failed check, an exit. */
  reason: z.string().optional(),
});
export type ServiceReport = z.infer<typeof serviceReportSchema>;

export const statusSchema = z.object({
  pid: z.number().int(),
  startedAt: z.string(),
  services: z.array(serviceReportSchema),
});
export type SupervisorReport = z.infer<typeof statusSchema>;

export const logSchema = z.object({ file: z.string(), lines: z.array(z.string()) });
export const errorSchema = z.object({ error: z.string() });
export const putBodySchema = serviceSpecSchema;

/** A fault of the request, not of the supervisor: its sentence is what the user reads. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
}

/** Put to a supervisor that is on its way out; the next one will take it. */
export class SupervisorEndingError extends Error {
  override readonly name = "SupervisorEndingError";

  constructor() {
    super("the supervisor is ending: run the update again");
  }
}
