/** Kills parts of the platform at random moments, several at once too, and lets each come back. */
import { setTimeout as pause } from "node:timers/promises";
import type { Platform } from "./platform.ts";

/** Between two kills, ms. */
const PAUSE_MS = { least: 1_000, most: 3_500 };
/** How long a killed part is gone before it is started, ms. */
const ABSENCE_MS = { least: 0, most: 1_000 };

interface Victim {
  readonly name: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export class Chaos {
  /** Kills by the victim's name. */
  readonly kills: Record<string, number> = {};
  readonly #victims: readonly Victim[];
  /** On their way back. */
  readonly #absent = new Map<Victim, Promise<void>>();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor({ parts, redis }: Platform) {
    this.#victims = [
      ...parts,
      { name: "Redis", kill: () => redis.kill(), start: () => redis.restart() },
    ];
    this.#done = this.#run();
  }

  /** Kills no more; everything runs again when this resolves. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await Promise.all(this.#absent.values());
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const present = this.#victims.filter((victim) => !this.#absent.has(victim));
      const victim = present[Math.floor(Math.random() * present.length)];
      if (victim) this.#absent.set(victim, this.#strike(victim));
      await pause(between(PAUSE_MS));
    }
  }

  async #strike(victim: Victim): Promise<void> {
    await victim.kill();
    this.kills[victim.name] = (this.kills[victim.name] ?? 0) + 1;
    await pause(between(ABSENCE_MS));
    await victim.start();
    this.#absent.delete(victim);
  }
}

const between = ({ least, most }: { readonly least: number; readonly most: number }): number =>
  least + Math.random() * (most - least);
