import type { z } from "zod";

/** What a resource type may use of the engine while it works. */
export interface Operation {
  /** The resource's name to the engine, unique in the world: project, stack, type and name. */
  readonly urn: string;
  /** Shows a line beside the resource while the operation runs. */
  readonly progress: (line: string) => void;
  /** Aborted when the user cancels the update. */
  readonly signal: AbortSignal;
}

/** An operation on a resource that exists. */
export interface ExistingOperation extends Operation {
  /** What `create` or `import` gave. */
  readonly id: string;
}

/** Something wrong with an input. */
export interface Fault {
  /** Its path, such as `volumes[0].size`. */
  readonly property: string;
  readonly reason: string;
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
  /** Inputs whose change always needs a new resource: deleted first, then created. */
  readonly replacedBy: readonly (keyof Inputs & string)[];
  /**
   * Inputs that are used while it is made and never again: another value is no difference, and a
   * resource that is made anew gets the newest. Default none.
   */
  readonly atCreationOnly?: readonly (keyof Inputs & string)[];
  /**
   * What the schema alone cannot know. Called at preview and before every change, with inputs that
   * are all known and pass the schema.
   * @param old The inputs of before; `undefined` for a new resource
   */
  check?(inputs: Inputs, old: Inputs | undefined): Promise<readonly Fault[]>;
  /**
   * Inputs, beside `replacedBy`, whose change from this state needs a new resource. Throws one
   * sentence when the change is impossible either way; that stops the preview.
   */
  replaces?(old: State, next: Inputs): readonly (keyof Inputs & string)[];
  /** True when the state shows that the resource needs an update although no input changed. */
  needsUpdate?(state: State): boolean;
  create(inputs: Inputs, operation: Operation): Promise<{ id: string; state: State }>;
  /** The present state; `undefined` when the resource is gone. */
  read(state: State, operation: ExistingOperation): Promise<State | undefined>;
  /**
   * The state of a resource of which only the id is known, with what would be its inputs;
   * `undefined` when there is none. Left out by a type that cannot be imported.
   */
  import?(id: string, operation: ExistingOperation): Promise<State | undefined>;
  /** Left out by a type whose every input is in `replacedBy`. */
  update?(old: State, next: Inputs, operation: ExistingOperation): Promise<State>;
  /** Must succeed when there is nothing left to delete. */
  delete(state: State, operation: ExistingOperation): Promise<void>;
}

/**
 * A create or update that reached the resource but left it in a bad state: the engine records
 * `state` and tries again at the next update. A create names the id of what it has made.
 */
export class PartialFailure extends Error {
  override readonly name = "PartialFailure";
  readonly state: object;
  readonly id: string | undefined;

  constructor(message: string, state: object, id?: string) {
    super(message);
    this.state = state;
    this.id = id;
  }
}
