/** What happened, in memory and bounded: the newest entries are kept. */

/** One thing that happened. */
export interface SimulatorEvent {
  /** Simulated time, ISO 8601. */
  readonly at: string;
  readonly kind:
    | "request"
    | "instance"
    | "volume"
    | "deployment"
    | "ssh-key"
    | "startup-script"
    | "secret"
    | "registry-credentials"
    | "fault"
    | "clock"
    | "token";
  /** Id or name of the thing, where there is one. */
  readonly subject?: string;
  /** One sentence, such as `ordered → provisioning` or `POST /instances 202`. */
  readonly message: string;
}

const MOST = 10_000;

export class EventLog {
  #entries: SimulatorEvent[] = [];

  add(event: SimulatorEvent): void {
    this.#entries.push(event);
    // Cut rarely, so that a long run does not move the whole list at each entry.
    if (this.#entries.length > 2 * MOST) this.#entries = this.#entries.slice(-MOST);
  }

  /** The newest 10,000, oldest first. */
  list(): readonly SimulatorEvent[] {
    return this.#entries.slice(-MOST);
  }
}
