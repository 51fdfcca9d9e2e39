import type { z } from "zod";

/** What a resource type may use of the engine while it works. */
export interface Operation {
  /** Shows a line beside the resource while the operation runs. */
  readonly progress: (line: string) => void;
  /** Aborted when the user cancels the update. */
  readonly signal: AbortSignal;
}

/**
 * One resource type of a provider plugin. The dispatcher (`provider.ts`) parses inputs and state
 * with the schemas, takes secrets out of the engine's wrapping and puts them back, and finds out
 * what changed; a type only says what to do.
 *
 * `State` holds every input under its own name, beside what the type adds.
 */
export interface ResourceType<Inputs extends object, State extends Inputs> {
  /** The token's last part: `comfymulti:index:<name>`. */
  readonly name: string;
  readonly inputs: z.ZodType<Inputs>;
  readonly state: z.ZodType<State>;
  /** State properties that are encrypted in the state file. */
  readonly secrets: readonly (keyof State & string)[];
  /** Inputs whose change needs a new resource: deleted first, then created. */
  readonly replacedBy: readonly (keyof Inputs & string)[];
  /** True when the state shows that the resource needs an update although no input changed. */
  needsUpdate?(state: State): boolean;
  create(inputs: Inputs, operation: Operation): Promise<{ id: string; state: State }>;
  /** The present state; `undefined` when the resource is gone. */
  read(state: State): Promise<State | undefined>;
  /** Left out by a type whose every input is in `replacedBy`. */
  update?(old: State, next: Inputs, operation: Operation): Promise<State>;
  /** Must succeed when there is nothing left to delete. */
  delete(state: State): Promise<void>;
}

/**
 * An update that reached the resource but left it in a bad state: the engine records `state` and
 * tries again at the next update.
 */
export class PartialFailure extends Error {
  override readonly name = "PartialFailure";
  readonly state: object;

  constructor(message: string, state: object) {
    super(message);
    this.state = state;
  }
}
