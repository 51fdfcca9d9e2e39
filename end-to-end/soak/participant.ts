/** A participant who doesn't give up: what is refused or not answered is tried again until it is. */
import { setTimeout as pause } from "node:timers/promises";

const RETRY_MS = 100;

export class Participant {
  readonly id: string;
  readonly #token: string;
  readonly #gateways: readonly string[];
  #turn = 0;

  constructor(user: { readonly id: string; readonly token: string }, gateways: readonly string[]) {
    this.id = user.id;
    this.#token = user.token;
    this.#gateways = gateways;
  }

  /** Submits under an id of the client's own, so that a second try is no second job. */
  async submit(promptId: string, prompt: object): Promise<void> {
    const body = JSON.stringify({ prompt, prompt_id: promptId, client_id: this.id });
    const headers = { "content-type": "application/json" };
    await this.#insist("/prompt", { method: "POST", body, headers });
  }

  async json(path: string): Promise<unknown> {
    return await (await this.#insist(path)).json();
  }

  async bytes(path: string): Promise<Buffer> {
    return Buffer.from(await (await this.#insist(path)).arrayBuffer());
  }

  async #insist(path: string, init: RequestInit = {}): Promise<Response> {
    for (;;) {
      // In turn: one of the two may be gone.
      const gateway = this.#gateways[this.#turn++ % this.#gateways.length] ?? "";
      const answer = await fetch(`${gateway}/${this.id}${path}`, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${this.#token}` },
      }).catch(() => undefined);
      if (answer?.ok) return answer;
      if (answer && answer.status < 500) {
        throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
      }
      await pause(RETRY_MS);
    }
  }
}
