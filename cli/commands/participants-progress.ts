/** One live line while simulated participants work; on standard error, so that a report stays alone. */
import type { ParticipantsEvent } from "../../rehearsal/participants/index.ts";

/** Between two lines, ms: on a terminal the line is written over. */
const PAUSE_MS = { terminal: 500, log: 10_000 };

export class ParticipantsProgress {
  readonly #users: number;
  readonly #planned: number;
  readonly #start = Date.now();
  readonly #timer: NodeJS.Timeout;
  #arrived = 0;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  #ended = 0;
  #errors = 0;

  constructor(users: number, planned: number) {
    this.#users = users;
    this.#planned = planned;
    const pauseMs = process.stderr.isTTY ? PAUSE_MS.terminal : PAUSE_MS.log;
    this.#timer = setInterval(() => this.#write(), pauseMs);
  }

  readonly onEvent = (event: ParticipantsEvent): void => {
    switch (event.kind) {
      case "arrived":
        this.#arrived++;
        break;
      case "submitting":
        this.#waiting.add(event.job.promptId);
        break;
      case "started":
        this.#waiting.delete(event.job.promptId);
        this.#running.add(event.job.promptId);
        break;
      case "ended":
        this.#waiting.delete(event.job.promptId);
        this.#running.delete(event.job.promptId);
        this.#ended++;
        break;
      case "error":
        this.#errors++;
        break;
      case "refused":
      case "accepted":
        break;
    }
  };

  end(): void {
    clearInterval(this.#timer);
    if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");
  }

  #write(): void {
    const seconds = (Date.now() - this.#start) / 1000;
    const line = [
      `${this.#arrived} of ${this.#users} participants there`,
      `${this.#ended} of ${this.#planned} jobs ended`,
      `${this.#running.size} running`,
      `${this.#waiting.size} waiting`,
      `${((this.#ended * 60) / seconds).toFixed(0)} a minute`,
      ...(this.#errors > 0 ? [`${this.#errors} errors`] : []),
    ].join(" · ");
    process.stderr.write(process.stderr.isTTY ? `\r\u001B[K  ${line}` : `  ${line}\n`);
  }
}
