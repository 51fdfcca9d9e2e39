/** What each phase of an upgrade interrupts, and for how long it is watched. */
import type { Settings } from "../../stacks/settings.ts";
import type { Phase } from "../upgrade/phases.ts";

export interface PhaseInterruption {
  readonly phase: Pick<Phase, "id" | "service" | "version" | "covers">;
  /** What participants notice, a sentence. */
  readonly sentence: string;
  readonly watchSeconds: number;
}

export function interruptions(
  phases: readonly Phase[],
  { workers, jobTimeoutSeconds }: Pick<Settings, "workers" | "jobTimeoutSeconds">,
): PhaseInterruption[] {
  return phases.map(({ id, service, version, covers, limits }) => ({
    phase: { id, service, version, covers },
    sentence:
      service === "frontend"
        ? `${namesOf(covers)} ${covers.length === 1 ? "gets" : "get"} the new editor with the next load of the page. Jobs go on, and so does whoever is at work in an open page.`
        : workers === 0
          ? "Replicas that start from now on have the new version; those that run end their jobs."
          : `${namesOf(covers)} ${covers.length === 1 ? "ends its job" : "end their jobs, one after the other"} (at most ${Math.ceil(jobTimeoutSeconds / 60)} minutes each) and ${covers.length === 1 ? "is" : "are"} replaced; ${workers - 1} of ${workers} workers take jobs meanwhile. No job is killed.`,
    watchSeconds: limits.seconds,
  }));
}

function namesOf(names: readonly string[]): string {
  const [first = "", last = first] = [names.at(0), names.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}
