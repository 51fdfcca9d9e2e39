/**
 * The simulated Verda: its state, its clock and what is due. Nothing happens by timers: whoever asks
 * first settles what fell due until then, in order and at its own time, so that a jump of the clock
 * gives what waiting would have given.
 */
import { FaultQueue } from "../faults/fault-queue.ts";
import type { SimulatorSettings } from "../options.ts";
import { SimulatedClock } from "./clock.ts";
import { deploymentStep } from "./deployment-steps.ts";
import { EventLog, type SimulatorEvent } from "./event-log.ts";
import { instanceStep } from "./instance-steps.ts";
import type { State, Step } from "./state.ts";
import { volumeStep } from "./volume-steps.ts";

/** Ended instances and erased volumes that are still answered for; older ones are forgotten. */
const MOST_ENDED = 2000;

interface Due {
  readonly step: Step;
  readonly run: () => void;
}

export class World {
  readonly settings: SimulatorSettings;
  readonly state: State;
  readonly clock: SimulatedClock;
  readonly events = new EventLog();
  readonly faults = new FaultQueue();
  readonly #capacity: Map<string, number>;
  #changed = false;

  constructor(settings: SimulatorSettings, state: State, simulatedNow: number) {
    this.settings = settings;
    this.state = state;
    this.clock = new SimulatedClock(simulatedNow, settings.speed);
    this.#capacity = new Map(
      Object.entries(settings.capacity).flatMap(([location, types]) =>
        Object.entries(types).map(([type, count]) => [`${location} ${type}`, count] as const),
      ),
    );
  }

  /** Lets everything happen that is due, and says what time it is then. */
  settle(): number {
    const now = this.clock.now();
    for (let due = this.#earliest(now); due; due = this.#earliest(now)) due.run();
    return now;
  }

  /** Jumps ahead by simulated milliseconds. */
  advance(ms: number): void {
    this.clock.advance(ms);
    const now = this.settle();
    this.note(now, "clock", "", `jumped ahead by ${ms / 1000} s`);
  }

  capacity(location: string, instanceType: string): number {
    return this.#capacity.get(`${location} ${instanceType}`) ?? this.settings.defaultCapacity;
  }

  setCapacity(location: string, instanceType: string, count: number): void {
    this.#capacity.set(`${location} ${instanceType}`, count);
  }

  /** Notes something that happened to the state. */
  note(at: number, kind: SimulatorEvent["kind"], subject: string, message: string): void {
    this.#changed = true;
    this.events.add({ at: new Date(at).toISOString(), kind, subject, message });
  }

  /** Whether the state changed since it was last asked. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  #earliest(now: number): Due | undefined {
    let earliest: Due | undefined;
    for (const { step, run } of this.#waiting()) {
      if (step.at <= now && step.at < (earliest?.step.at ?? Infinity)) earliest = { step, run };
    }
    return earliest;
  }

  *#waiting(): Generator<Due> {
    const { instances, volumes, deployments } = this.state;
    for (const instance of Object.values(instances)) {
      const { next } = instance;
      if (next) yield { step: next, run: () => instanceStep(this, instance, next) };
    }
    for (const volume of Object.values(volumes)) {
      const { next } = volume;
      if (next) yield { step: next, run: () => volumeStep(this, volume, next) };
    }
    for (const deployment of Object.values(deployments)) {
      const { next } = deployment;
      if (next) yield { step: next, run: () => deploymentStep(this, deployment, next) };
    }
  }

  /** Forgets the oldest of what has ended, so that a long run stays small. */
  forget(): void {
    const { instances, volumes } = this.state;
    const ended = Object.values(instances).filter(({ status }) => status === "discontinued");
    for (const { id } of ended.slice(0, -MOST_ENDED)) delete instances[id];
    const erased = Object.values(volumes).filter((volume) => volume.erased);
    for (const { id } of erased.slice(0, -MOST_ENDED)) delete volumes[id];
  }
}
