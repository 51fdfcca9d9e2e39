/** Whether a stack's time is over. */
import { formatDuration } from "./words.ts";

export interface Due {
  readonly isDue: boolean;
  /** For people. */
  readonly sentence: string;
}

/** @param endsAt `comfymulti:endsAt`: a date and time with its zone */
export function dueAt(stack: string, endsAt: string | undefined, now: Date): Due {
  if (endsAt === undefined) {
    return {
      isDue: false,
      sentence: `Stack ${stack} is never due: its settings have no comfymulti:endsAt.`,
    };
  }
  const left = Date.parse(endsAt) - now.getTime();
  return left > 0
    ? {
        isDue: false,
        sentence: `Stack ${stack} ends at ${endsAt}, in ${formatDuration(left)}: nothing to do yet.`,
      }
    : {
        isDue: true,
        sentence: `Stack ${stack} ended at ${endsAt}, ${formatDuration(-left)} ago.`,
      };
}
