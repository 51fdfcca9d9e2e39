/**
 * The real queue with a real Redis through a simulated afternoon: jobs end when their length is over
 * on a clock of the simulation's own, so four hours take seconds. Lengths are what was estimated.
 */
import { Queue, type Holder, type QueuePolicy } from "@comfymulti/queue";
import type { TestRedis } from "@comfymulti/queue/testing";
import { AFTERNOON_SECONDS, LONGEST_JOB, people, WORKERS, type Person } from "./afternoon.ts";

/** Between two points of a curve, s. */
const STEP_SECONDS = 180;
/** No lease runs out while simulated hours go by. */
const LEASE_MS = 3_600_000;
const result = { outputs: {}, meta: {}, messages: [] };
const payload = { prompt: {}, extraData: {}, outputsToExecute: [] };

export interface Curve {
  readonly person: Person;
  /** GPU seconds that they had got at each step. */
  readonly seconds: readonly number[];
}

export interface Afternoon {
  readonly policy: QueuePolicy;
  readonly curves: readonly Curve[];
  /**
   * Largest difference in GPU seconds between two people who always had work, at any time; a job
   * counts in full when it starts.
   */
  readonly largestDifference: number;
}

/** The same in units of the longest job. */
export const inJobs = ({ largestDifference }: Afternoon): number => largestDifference / LONGEST_JOB;

export async function simulate(redis: TestRedis, policy: QueuePolicy): Promise<Afternoon> {
  const queue = await Queue.connect({
    ...{ ...redis, hashTag: policy, policy, leaseMs: LEASE_MS, requireDurability: false },
  });
  try {
    await queue.applySettings();
    return await new Simulation(queue, policy).run();
  } finally {
    await queue.close();
  }
}

interface Running {
  readonly holder: Holder;
  readonly guest: Guest;
  readonly from: number;
  readonly until: number;
}

interface Guest {
  readonly person: Person;
  /** Jobs that wait or run. */
  open: number;
  waiting: number;
  /** Submits again from then on. */
  backAt: number;
  /** GPU seconds of ended and of started jobs. */
  ended: number;
  started: number;
  readonly curve: number[];
}

class Simulation {
  readonly #queue: Queue;
  readonly #policy: QueuePolicy;
  readonly #guests: readonly Guest[];
  readonly #running = new Map<string, Running>();
  #now = 0;
  #jobs = 0;
  #largestDifference = 0;

  constructor(queue: Queue, policy: QueuePolicy) {
    this.#queue = queue;
    this.#policy = policy;
    this.#guests = people().map((person) => ({
      ...{ person, open: 0, waiting: 0, ended: 0, started: 0, curve: [] },
      backAt: person.always ? 0 : person.nextBreak(),
    }));
  }

  async run(): Promise<Afternoon> {
    while (this.#now <= AFTERNOON_SECONDS) {
      await this.#end();
      await this.#submit();
      await this.#claim();
      const next = this.#nextTime();
      this.#draw(next);
      this.#now = next;
    }
    return {
      policy: this.#policy,
      curves: this.#guests.map(({ person, curve }) => ({ person, seconds: curve })),
      largestDifference: this.#largestDifference,
    };
  }

  async #end(): Promise<void> {
    for (const [worker, { holder, guest, from, until }] of this.#running) {
      if (until > this.#now) continue;
      await this.#queue.complete(holder, result);
      this.#running.delete(worker);
      guest.ended += until - from;
      guest.open--;
      if (guest.open === 0 && !guest.person.always) {
        guest.backAt = this.#now + guest.person.nextBreak();
      }
    }
  }

  async #submit(): Promise<void> {
    for (const guest of this.#guests) {
      const { name, appetite, always } = guest.person;
      if (guest.backAt > this.#now) continue;
      while (guest.waiting < appetite) {
        const id = `job-${this.#jobs++}`;
        const costSeconds = guest.person.nextLength();
        await this.#queue.enqueue({
          id,
          user: name,
          clientId: "",
          payload,
          costSeconds,
          vramMiB: 0,
        });
        guest.open++;
        guest.waiting++;
      }
      // Who comes and goes hands in one batch and waits for all of it.
      if (!always) guest.backAt = Infinity;
    }
  }

  async #claim(): Promise<void> {
    for (let index = 1; index <= WORKERS; index++) {
      const worker = `worker-${index}`;
      if (this.#running.has(worker)) continue;
      const claim = await this.#queue.claim(worker, 0);
      if (!claim) return;
      const { id, user, costSeconds } = claim.job;
      const guest = this.#guests.find(({ person }) => person.name === user);
      if (!guest) throw new Error(`${user} is one of the people`);
      guest.waiting--;
      guest.started += costSeconds;
      this.#running.set(worker, {
        holder: { worker, job: id, attempt: claim.attempt },
        ...{ guest, from: this.#now, until: this.#now + costSeconds },
      });
      // Who had one job waiting has the next one waiting before the next worker asks.
      await this.#submit();
      this.#compare();
    }
  }

  #compare(): void {
    const shares = this.#guests.filter(({ person }) => person.always).map(({ started }) => started);
    const difference = Math.max(...shares) - Math.min(...shares);
    this.#largestDifference = Math.max(this.#largestDifference, difference);
  }

  #nextTime(): number {
    const ends = [...this.#running.values()].map(({ until }) => until);
    const returns = this.#guests.map(({ backAt }) => backAt).filter((at) => at > this.#now);
    return Math.min(...ends, ...returns);
  }

  /** Adds the points of every curve before this time. */
  #draw(next: number): void {
    for (const guest of this.#guests) {
      for (let at = guest.curve.length * STEP_SECONDS; at < next && at <= AFTERNOON_SECONDS;) {
        const underWay = [...this.#running.values()]
          .filter((running) => running.guest === guest)
          .reduce((sum, { from }) => sum + at - from, 0);
        guest.curve.push(guest.ended + underWay);
        at = guest.curve.length * STEP_SECONDS;
      }
    }
  }
}
