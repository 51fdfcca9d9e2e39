/**
 * What a browser needs to know of a running job that it did not see begin, or lost sight of. ComfyUI
 * itself says only which node runs, so its editor shows no running job after a reload.
 */
import type { ComfyMessage } from "../comfyui/end-messages.ts";

/** Outputs that are told again, at most: an editor shows the last ones of a job with thousands. */
const MOST_OUTPUTS = 128;

export class RunningJob {
  /** Client that gets the execution messages; empty when the prompt named none. */
  readonly clientId: string;
  /** Fencing token: what other attempts say is not of this run. */
  readonly attempt: number;
  /** execution_start, execution_cached and the newest progress_state. */
  readonly #latest = new Map<string, ComfyMessage>();
  /** `executed` by node, as it came. */
  readonly #outputs = new Map<string, ComfyMessage>();
  #node: string | undefined;

  constructor(clientId: string, attempt: number) {
    this.clientId = clientId;
    this.attempt = attempt;
  }

  /** Takes a message of this attempt, in order. */
  remember(message: ComfyMessage): void {
    const node = message.data["node"];
    switch (message.type) {
      case "execution_start":
      case "execution_cached":
      case "progress_state":
        this.#latest.set(message.type, message);
        break;
      case "executing":
        if (typeof node === "string") this.#node = node;
        break;
      case "executed":
        if (typeof node === "string") this.#rememberOutput(node, message);
        break;
    }
  }

  /**
   * The messages that bring a browser up to date. Told twice they do no harm: each sets, none adds.
   * The last is ComfyUI's own word to a socket that comes back, without a prompt_id.
   */
  replay(): readonly ComfyMessage[] {
    const told = ["execution_start", "execution_cached"].flatMap((type) => this.#last(type));
    return [
      ...told,
      ...this.#outputs.values(),
      ...this.#last("progress_state"),
      ...(this.#node === undefined ? [] : [{ type: "executing", data: { node: this.#node } }]),
    ];
  }

  #last(type: string): ComfyMessage[] {
    const message = this.#latest.get(type);
    return message ? [message] : [];
  }

  #rememberOutput(node: string, message: ComfyMessage): void {
    this.#outputs.delete(node);
    this.#outputs.set(node, message);
    const oldest = this.#outputs.keys().next();
    if (this.#outputs.size > MOST_OUTPUTS && !oldest.done) this.#outputs.delete(oldest.value);
  }
}
