/** What the participants of one run know of one another, so that each can tell what is not theirs. */
import type { JobRecord } from "./report.ts";

interface Owner {
  readonly user: string;
  readonly number: number;
}

const named = ({ user, number }: Owner): string => `${user}'s job ${number}`;

export class SharedKnowledge {
  readonly #jobs = new Map<string, Owner>();
  /** By the checksum of a file, or of a picture's pixels. */
  readonly #contents = new Map<string, Owner>();

  submitted({ promptId, user, number }: JobRecord): void {
    this.#jobs.set(promptId, { user, number });
  }

  /** Whose job this is, when it is another participant's. */
  foreignJob(promptId: string, user: string): string | undefined {
    const owner = this.#jobs.get(promptId);
    return owner && owner.user !== user ? named(owner) : undefined;
  }

  /** The job that this content is known to be of. */
  ownerOf(checksum: string): string | undefined {
    const owner = this.#contents.get(checksum);
    return owner && named(owner);
  }

  /** Takes down that this content is this job's; says whose it is when it is another job's already. */
  claim(checksum: string, { user, number }: JobRecord): string | undefined {
    const owner = this.#contents.get(checksum);
    if (!owner) {
      this.#contents.set(checksum, { user, number });
      return undefined;
    }
    return owner.user === user && owner.number === number ? undefined : named(owner);
  }
}
