/** Many clients of a gateway at once, by autocannon. */
import autocannon from "autocannon";
import type { Participant } from "./temporary-stack.ts";

export interface Load {
  readonly participants: readonly Participant[];
  /** Each sends one request after the other on a connection of its own; they share the participants. */
  readonly clients: number;
  readonly seconds: number;
  /** Bodies of `POST /prompt`, one a client in turn. */
  readonly bodies: readonly string[];
}

export interface LoadResult {
  readonly perSecond: number;
  /** ms of each answer. */
  readonly latencies: readonly number[];
}

/** @throws Error when an answer was anything but 200 */
export async function postPrompts(load: Load): Promise<LoadResult> {
  const { participants, clients, seconds, bodies } = load;
  const [first] = participants;
  if (!first) throw new Error("there is a participant");
  let client = 0;
  const latencies: number[] = [];
  const refused = new Map<number, number>();
  let last = 0;
  const start = performance.now();
  const ended = Promise.withResolvers<autocannon.Result>();
  const options: autocannon.Options & { sampleInt: number } = {
    // It ends at a sample only: every second by default.
    sampleInt: 50,
    url: new URL(first.url).origin,
    connections: clients,
    duration: seconds,
    timeout: 30,
    setupClient: (each) => {
      const { id, token } = participants[client % participants.length] ?? first;
      const request = {
        method: "POST",
        path: `/${id}/prompt`,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: bodies[client % bodies.length] ?? "",
      } as const;
      each.setRequests([request]);
      client++;
    },
  };
  const instance = autocannon(options, (error: Error | null, result) => {
    if (error) ended.reject(error);
    else ended.resolve(result);
  });
  instance.on("response", (_client, status, _bytes, ms) => {
    if (status !== 200) refused.set(status, (refused.get(status) ?? 0) + 1);
    latencies.push(ms);
    last = performance.now();
  });
  const { errors } = await ended.promise;
  if (refused.size > 0 || errors > 0) {
    const answers = [...refused].map(([status, times]) => `${times} × ${status}`).join(", ");
    throw new Error(`graphs were refused: ${answers}; ${errors} connections failed`);
  }
  return { perSecond: latencies.length / ((last - start) / 1000), latencies };
}
