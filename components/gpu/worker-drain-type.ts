/**
 * Provider side of `WorkerDrain`. It exists so that a worker's end waits for its job: the engine
 * deletes it before the container that it names.
 */
import ky, { HTTPError, NetworkError, TimeoutError } from "ky";
import { z } from "zod";
import type { ExistingOperation, ResourceType } from "../provider-plugin/resource-type.ts";

const inputsSchema = z.strictObject({
  /** Its name in the queue. */
  worker: z.string().min(1).max(128),
  /** Id of what is about to end; another one is another drain. */
  runs: z.string(),
  /** The queue manager as this machine reaches it. */
  queueManagerUrl: z.url({ protocol: /^https?$/ }),
  /** Secret. */
  adminToken: z.string().min(1),
  /** Wait for the running job at most so long; 0 = do not drain. */
  timeoutSeconds: z.number().int().min(0).max(86_400),
});
type Inputs = z.infer<typeof inputsSchema>;

/** What is read of the queue manager's answer; the rest is its own matter. */
const workersSchema = z.object({
  workers: z.array(
    z.object({ name: z.string(), status: z.string(), jobId: z.string().optional() }),
  ),
});

const POLL_SECONDS = 1;
/** A queue manager that does not answer for so long is gone, or being replaced itself. */
const SILENCE_SECONDS = 30;

export const workerDrainType: ResourceType<Inputs, Inputs> = {
  name: "WorkerDrain",
  inputs: inputsSchema,
  state: inputsSchema,
  secrets: ["adminToken"],
  replacedBy: ["worker", "runs"],

  async create(inputs) {
    return { id: inputs.worker, state: inputs };
  },
  async read(state) {
    return state;
  },
  async update(_old, next) {
    return next;
  },
  async delete(state, operation) {
    if (state.timeoutSeconds > 0) await drain(state, operation);
  },
};

/**
 * Takes a worker out of the queue and waits until it has no job.
 * @throws Error with one sentence when it still has one at the end of the time, or when the queue
 *   manager refuses the order
 */
export async function drain(
  { worker, queueManagerUrl, adminToken, timeoutSeconds }: Omit<Inputs, "runs">,
  { progress, signal }: Pick<ExistingOperation, "progress" | "signal">,
): Promise<void> {
  const api = ky.create({
    prefix: `${queueManagerUrl.replace(/\/$/, "")}/api/v1`,
    headers: { authorization: `Bearer ${adminToken}` },
    timeout: 10_000,
    retry: 0,
    signal,
  });
  const deadline = Date.now() + timeoutSeconds * 1000;
  let heardAt = Date.now();
  let ordered = false;
  let told: string | undefined;
  for (;;) {
    try {
      const { workers } = workersSchema.parse(await api.get("workers").json());
      heardAt = Date.now();
      const found = workers.find(({ name }) => name === worker);
      // A worker that is lost holds nothing: its lease gives the job to another.
      if (!found || found.status === "lost") return;
      if (ordered && found.jobId === undefined && found.status === "draining") return;
      if (!ordered) {
        await api.post(`workers/${encodeURIComponent(worker)}/drain`);
        ordered = true;
      }
      if (found.jobId !== undefined && found.jobId !== told) {
        progress(`${worker} ends its job ${found.jobId} first (at most ${timeoutSeconds} s)`);
        told = found.jobId;
      }
    } catch (error) {
      if (signal.aborted) {
        throw new Error(`${worker}: cancelled while it drained.`, { cause: error });
      }
      if (!isPassing(error)) throw refusal(worker, error);
      if (Date.now() - heardAt > SILENCE_SECONDS * 1000) {
        progress(`no queue manager answers at ${queueManagerUrl}: ${worker} is ended as it is`);
        return;
      }
    }
    if (Date.now() > deadline) {
      const doing = told === undefined ? "has not taken the order to drain" : `still runs ${told}`;
      throw new Error(
        `${worker} ${doing} after ${timeoutSeconds} s: cancel its job on the admin page, or wait, and run the same command again.`,
      );
    }
    await new Promise((wake) => setTimeout(wake, POLL_SECONDS * 1000));
  }
}

/** A fault that another try may not meet; 404 is a worker that left between two questions. */
const isPassing = (error: unknown) =>
  error instanceof NetworkError ||
  error instanceof TimeoutError ||
  (error instanceof HTTPError &&
    (error.response.status >= 500 || PASSING.has(error.response.status)));
const PASSING = new Set([404, 408, 429]);

function refusal(worker: string, error: unknown): Error {
  if (error instanceof HTTPError) {
    return new Error(
      `The queue manager refuses to drain ${worker} (HTTP ${error.response.status}): its admin token in this stack must be the one that it runs with.`,
    );
  }
  return new Error(
    `What answers for the queue manager does not speak its admin API, so ${worker} can't be drained: check queueManagerUrl.`,
  );
}
