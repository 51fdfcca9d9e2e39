/**
 * What the queues that are compared have in common. Each is used as its own documentation says, with
 * one connection for commands in this one process.
 */
import type { WorkflowPayload } from "../workflows.ts";

/** Jobs that are worked on at once. */
export const WORKERS = 8;
/** People whose jobs they are; only our queue knows of them. */
export const USERS = 20;
/** Ended jobs that both keep: what our queue keeps of its users' history by default. */
export const KEPT_JOBS = 200 * USERS;

/** What a job leaves behind. */
export const jobResult = {
  outputs: { "9": { images: [{ filename: "a_00001_.png", subfolder: "", type: "output" }] } },
  meta: {},
  messages: [],
};

export interface Served {
  /** The worker has the job and its payload. */
  readonly onStart: (payload: WorkflowPayload) => void;
  /** Redis has confirmed the job's end. */
  readonly onEnd: () => void;
}

/** Workers whose jobs take no time; connected, and idle until they are started. */
export interface Workers {
  start(): void;
  stop(): Promise<void>;
}

export interface ComparedQueue {
  readonly name: string;
  /** Resolves when Redis has confirmed it. */
  add(payload: WorkflowPayload): Promise<void>;
  /** @returns `WORKERS` workers */
  workers(served: Served): Promise<Workers>;
}
