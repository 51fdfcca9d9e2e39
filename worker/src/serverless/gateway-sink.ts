/** Messages and previews of a running attempt over HTTP to the queue manager, which passes them on. */
import { LeaseLostError } from "@comfymulti/queue";
import type { Claim, Holder } from "@comfymulti/queue";
import { Agent, request } from "undici";
import type { MessageSink } from "../job-runner/job-messages.ts";
import { QueueManagerUnavailableError } from "../results/queue-manager.ts";

export class GatewaySink implements MessageSink {
  readonly #baseUrl: string;
  readonly #token: string;
  readonly #agent: Agent;

  /** `timeoutMs`: longest wait for a connection and for an answer. */
  constructor(baseUrl: string, token: string, timeoutMs: number) {
    this.#baseUrl = baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`;
    this.#token = token;
    this.#agent = new Agent({
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  /** Throws LeaseLostError, QueueManagerUnavailableError. */
  async publishMessage(
    { job, attempt }: Holder,
    { type, data }: { type: string; data: Record<string, unknown> },
    passing: boolean,
  ): Promise<void> {
    const body = JSON.stringify({ type, data, passing });
    await this.#post({ job, attempt }, "messages", "application/json", body);
  }

  /** Throws LeaseLostError, QueueManagerUnavailableError. */
  async publishPreview({ job, attempt }: Claim, frame: Buffer): Promise<void> {
    await this.#post({ job: job.id, attempt }, "previews", "application/octet-stream", frame);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(
    { job, attempt }: Omit<Holder, "worker">,
    kind: "messages" | "previews",
    type: string,
    body: string | Buffer,
  ): Promise<void> {
    const path = `internal/v1/jobs/${encodeURIComponent(job)}/${kind}?attempt=${attempt}`;
    let status: number;
    try {
      const answer = await request(new URL(path, this.#baseUrl), {
        method: "POST",
        dispatcher: this.#agent,
        headers: { "content-type": type, authorization: `Bearer ${this.#token}` },
        body,
      });
      await answer.body.dump();
      status = answer.statusCode;
    } catch (error) {
      const why = error instanceof Error ? error.message || error.name : "failed";
      throw new QueueManagerUnavailableError(
        `The queue manager did not answer POST ${kind}: ${why}.`,
        { cause: error },
      );
    }
    if (status === 409) throw new LeaseLostError("the queue manager says so");
    if (status !== 204) {
      throw new QueueManagerUnavailableError(
        `The queue manager answered POST ${kind} with status ${status}.`,
      );
    }
  }
}
