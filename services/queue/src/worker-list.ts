/** Turns what Redis knows of the workers into a list for people. */
import { workerSchema, type JobId, type Worker } from "./protocol.ts";
import { list, text, type Reply } from "./scripts.ts";

/** A worker that said nothing for this long is shown as lost, ms. */
const WORKER_LOST_MS = 30_000;

/** @param reply as `workers.lua` answers */
export function readWorkers(reply: Reply): Worker[] {
  const [now, infos, held] = list(reply);
  const jobs = new Map(
    list(held).map((pair) => {
      const [job, worker] = list(pair);
      return [text(worker), text(job)];
    }),
  );
  return list(infos)
    .map((info) => {
      const worker = workerSchema.parse(JSON.parse(text(info)));
      const jobId = jobs.get(worker.name);
      const status = statusOf(worker, jobId, Number(now));
      return { ...worker, status, ...(jobId !== undefined && { jobId }) };
    })
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** What a worker said last, corrected by what the queue knows better: silence, and who holds what. */
function statusOf(worker: Worker, jobId: JobId | undefined, now: number): Worker["status"] {
  if (now - worker.lastSeenAt > WORKER_LOST_MS) return "lost";
  if (worker.status === "draining") return "draining";
  return jobId === undefined ? "idle" : "running";
}
