/** Turns a job's Redis hash into a `Job`. */
import { jobSchema, type Job } from "./protocol.ts";
import { text, type Reply } from "./scripts.ts";

const optionalNumber = (value: string | undefined) =>
  value === undefined ? undefined : Number(value);

/** @param reply JSON of the hash as a script answers it; numbers that it set may not be text */
export function readJob(reply: Reply | undefined): Job {
  return parseJob(JSON.parse(text(reply)) as Record<string, string>);
}

/** @param fields the hash as it is stored */
export function parseJob(fields: Readonly<Record<string, string>>): Job {
  const optional = {
    startedAt: optionalNumber(fields.startedAt),
    endedAt: optionalNumber(fields.endedAt),
    worker: fields.worker,
    workflowId: fields.workflowId,
    failure: fields.failure === undefined ? undefined : (JSON.parse(fields.failure) as unknown),
  };
  return jobSchema.parse({
    id: fields.id,
    user: fields.user,
    state: fields.state,
    number: Number(fields.number),
    clientId: fields.clientId,
    createdAt: Number(fields.createdAt),
    attempt: Number(fields.attempt),
    costSeconds: Number(fields.cost),
    vramMiB: Number(fields.vramMiB),
    models: JSON.parse(fields.models ?? "[]") as unknown,
    priority: Number(fields.priority ?? 0),
    payloadBytes: Number(fields.payloadBytes ?? 0),
    losses: Number(fields.losses ?? 0),
    faults: Number(fields.faults ?? 0),
    outputsCount: Number(fields.outputsCount),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  });
}
