/**
 * The messages of one running attempt on their way to the browser, and the files that come with
 * them. A message with files goes on only when the queue manager has the files, under the user's own
 * names; while it can't be reached such messages are withheld and sent with the result.
 */
import { LeaseLostError } from "@comfymulti/queue";
import type { Claim, OutputFile, QueueContract } from "@comfymulti/queue";
import pRetry from "p-retry";
import type { Logger } from "pino";
import { z } from "zod";
import type { HistoryEntry, SocketMessage } from "../comfyui/answers.ts";
import type { ComfyuiClient } from "../comfyui/client.ts";
import { FileMissingError } from "../comfyui/errors.ts";
import { deliverFile, renamedMessage } from "../results/delivery.ts";
import type { Lease } from "../results/lease.ts";
import { fileKey, filesIn, renameFiles } from "../results/output-files.ts";
import {
  AttemptRefusedError,
  OutputRefusedError,
  QueueManagerUnavailableError,
} from "../results/queue-manager.ts";
import type { QueueManagerClient } from "../results/queue-manager.ts";
import type { SpoolEntry } from "../results/spool.ts";
import { frameKey } from "./frames.ts";
import { userInput } from "./inputs.ts";
import { Relay } from "./relay.ts";

/** Progress and previews reach the browser at most this often: ten times a second. */
const PROGRESS_INTERVAL_MS = 100;
/** A running job waits no longer than these retries (about 2 s) for a queue manager or a queue that is away. */
const RETRIES = { retries: 3, minTimeout: 200, factor: 2, randomize: true } as const;

/** The end of a job is announced by the gateway, once, so messages of the end are not relayed. */
const LASTING = new Set(["execution_start", "execution_cached", "executing", "executed"]);
const PASSING = new Set(["progress", "progress_state"]);

/** Where the messages of a running attempt go: the queue itself, or whatever stands before it. */
export type MessageSink = Pick<QueueContract, "publishMessage" | "publishPreview">;

export interface MessageParts {
  readonly queue: MessageSink;
  readonly queueManager: QueueManagerClient;
  readonly comfyui: ComfyuiClient;
  readonly log: Logger;
}

const nodeNameSchema = z.string().catch("");
const metaSchema = z.looseObject({ display_node: z.string().optional() }).catch({});

export class JobMessages {
  readonly #parts: MessageParts;
  readonly #claim: Claim;
  readonly #entry: SpoolEntry;
  readonly #lease: Lease;
  readonly #relay: Relay;
  readonly #missing = new Map<string, OutputFile>();
  readonly #executed = new Set<string>();
  #fault: Error | undefined;

  constructor(parts: MessageParts, claim: Claim, entry: SpoolEntry, lease: Lease) {
    this.#parts = parts;
    this.#claim = claim;
    this.#entry = entry;
    this.#lease = lease;
    this.#relay = new Relay(PROGRESS_INTERVAL_MS, (error) => this.#onError(error));
  }

  /** Outputs that ComfyUI named and did not have. Temporary pictures are not counted. */
  get missing(): readonly string[] {
    const outputs = [...this.#missing.values()].filter((file) => file.type === "output");
    return outputs.map((file) => file.filename);
  }

  relay(message: SocketMessage): void {
    const { type, data } = message;
    if (PASSING.has(type)) {
      const node = type === "progress" ? `:${nodeNameSchema.parse(data["node"])}` : "";
      this.#relay.passing(`${type}${node}`, () => this.#publish(message, true));
    } else if (type === "executed") {
      this.#executed.add(nodeNameSchema.parse(data["node"]));
      this.#relay.lasting(() => this.#relayExecuted(message));
    } else if (LASTING.has(type)) {
      this.#relay.lasting(() => this.#publish(message, false));
    }
  }

  relayFrame(frame: Buffer): void {
    this.#relay.passing(frameKey(frame), () =>
      this.#parts.queue.publishPreview(this.#claim, frame),
    );
  }

  /**
   * Sends what is left, and catches up on outputs whose `executed` went by while the socket was
   * away. Throws what kept a file from being stored on this machine.
   */
  async finish(history: HistoryEntry): Promise<void> {
    for (const [node, output] of Object.entries(history.outputs)) {
      if (this.#executed.has(node)) continue;
      const display = metaSchema.parse(history.meta[node]).display_node ?? node;
      const data = { node, display_node: display, output, prompt_id: this.#claim.job.id };
      this.relay({ type: "executed", data });
    }
    await this.#relay.flush();
    if (this.#fault) throw this.#fault;
  }

  /** The job is over for this worker: nothing more is said. */
  drop(): void {
    this.#relay.drop();
  }

  async #relayExecuted(message: SocketMessage): Promise<void> {
    try {
      await this.#collect(message.data);
    } catch (error) {
      this.#fault ??= error as Error;
      throw error;
    }
    const withUserInputs = {
      ...message,
      data: renameFiles(message.data, (file) =>
        file.type === "input" ? userInput(this.#claim.job.user, file) : file,
      ),
    };
    try {
      for (const { source } of this.#entry.record.files) await this.#deliver(source);
    } catch (error) {
      const away = error instanceof QueueManagerUnavailableError;
      if (!away && !(error instanceof OutputRefusedError)) throw error;
      this.#entry.withhold(withUserInputs);
      this.#parts.log.warn({ err: error }, "files not delivered yet; their message is withheld");
      return;
    }
    await this.#publish(renamedMessage(this.#entry, withUserInputs), false);
  }

  /** Copies the files of an output to this machine's spool. */
  async #collect(output: unknown): Promise<void> {
    for (const file of filesIn(output)) {
      const key = fileKey(file);
      if (file.type === "input" || this.#entry.file(file) || this.#missing.has(key)) continue;
      try {
        await this.#entry.add(file, await this.#parts.comfyui.view(file));
      } catch (error) {
        if (!(error instanceof FileMissingError)) throw error;
        this.#missing.set(key, file);
        this.#parts.log.warn({ err: error }, "an output is missing");
      }
    }
  }

  async #deliver(source: OutputFile): Promise<void> {
    await pRetry(
      async () => {
        const file = this.#entry.file(source);
        if (file) await deliverFile(this.#parts.queueManager, this.#entry, file, this.#lease);
      },
      {
        ...RETRIES,
        signal: this.#lease.lost,
        shouldRetry: ({ error }) => error instanceof QueueManagerUnavailableError,
      },
    );
  }

  async #publish(message: SocketMessage, transient: boolean): Promise<void> {
    const send = () => this.#parts.queue.publishMessage(this.#lease.holder, message, transient);
    if (transient) {
      await send();
      return;
    }
    await pRetry(send, {
      ...RETRIES,
      signal: this.#lease.lost,
      shouldRetry: ({ error }) => !(error instanceof LeaseLostError),
    }).catch((error: unknown) => {
      if (error instanceof LeaseLostError || this.#lease.lost.aborted) throw error;
      // The queue is away: the job goes on, and its end will be delivered.
      this.#parts.log.warn({ err: error, type: message.type }, "a message could not be relayed");
    });
  }

  #onError(error: unknown): void {
    if (this.#lease.lost.aborted) return;
    if (error instanceof LeaseLostError || error instanceof AttemptRefusedError) {
      this.#lease.lose(error);
    } else {
      this.#parts.log.warn({ err: error }, "relaying failed");
    }
  }
}
