/**
 * How much of prompts may be in memory at once. A place is taken by the announced length before the
 * first byte is read, and given back when the answer is out or the client is gone.
 */
import type { UserId } from "@comfymulti/queue";
import { errors } from "../errors.ts";
import { PROMPTS_IN_FLIGHT } from "../limits.ts";

export class Intake {
  readonly #limits: { readonly all: number; readonly user: number };
  readonly #byUser = new Map<UserId, number>();
  #all = 0;

  constructor(limits: { readonly all: number; readonly user: number } = PROMPTS_IN_FLIGHT) {
    this.#limits = limits;
  }

  open(user: UserId): IntakePlace {
    return new IntakePlace((bytes) => this.#add(user, bytes));
  }

  /** @throws GatewayError 503 when these bytes are too many, before counting them. */
  #add(user: UserId, bytes: number): void {
    const all = this.#all + bytes;
    const own = (this.#byUser.get(user) ?? 0) + bytes;
    if (bytes > 0 && (all > this.#limits.all || own > this.#limits.user)) {
      throw errors.tooManyPrompts();
    }
    this.#all = all;
    if (own === 0) this.#byUser.delete(user);
    else this.#byUser.set(user, own);
  }
}

/** What one request takes of the intake. */
export class IntakePlace {
  readonly #add: (bytes: number) => void;
  #taken = 0;
  #released = false;

  constructor(add: (bytes: number) => void) {
    this.#add = add;
  }

  /** Grows the place to this many bytes. Throws 503 when they are too many. */
  growTo(bytes: number): void {
    if (this.#released || bytes <= this.#taken) return;
    this.#add(bytes - this.#taken);
    this.#taken = bytes;
  }

  /** Gives the place back, for good: bytes of a client that is gone may still come. */
  release(): void {
    this.#released = true;
    this.#add(-this.#taken);
    this.#taken = 0;
  }
}
