/**
 * Shows a participant that their job waits for a GPU to start: a text at the graph's node, as nodes
 * of ComfyUI show their own progress (binary event 3), anew every five seconds.
 */
import type { Claim, QueueContract } from "@comfymulti/queue";
import type { Logger } from "pino";

const EVERY_MS = 5_000;
/** ComfyUI's event for a node's text: big-endian type, length of the node's id, the id, the text. */
const TEXT_EVENT = 3;

export class ColdStart {
  readonly #queue: Pick<QueueContract, "publishPreview">;
  readonly #claim: Claim;
  readonly #log: Logger;
  readonly #began = Date.now();
  readonly #timer: NodeJS.Timeout;

  constructor(queue: Pick<QueueContract, "publishPreview">, claim: Claim, log: Logger) {
    this.#queue = queue;
    this.#claim = claim;
    this.#log = log;
    this.#timer = setInterval(() => this.#tell(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const seconds = Math.round((Date.now() - this.#began) / 1000);
    const frame = textFrame(shownNode(this.#claim), `Waiting for a GPU to start… ${seconds} s`);
    this.#queue.publishPreview(this.#claim, frame).catch((error: unknown) => {
      this.#log.warn({ err: error }, "the cold start could not be shown");
    });
  }
}

/** An output node, where a participant looks for the result. */
const shownNode = ({ payload }: Claim): string =>
  payload.outputsToExecute[0] ?? Object.keys(payload.prompt)[0] ?? "";

export function textFrame(node: string, text: string): Buffer {
  const id = Buffer.from(node, "utf8");
  const head = Buffer.alloc(8);
  head.writeUInt32BE(TEXT_EVENT, 0);
  head.writeUInt32BE(id.length, 4);
  return Buffer.concat([head, id, Buffer.from(text, "utf8")]);
}
