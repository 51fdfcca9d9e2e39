/** How old the last backup is. */
import { z } from "zod";
import { backupPlace } from "../../backup/place.ts";
import { fault, fine, type Check, type Finding } from "../check.ts";

const SECONDS_AN_HOUR = 3600;
/** As the service's own health: three of its intervals. */
const MOST_INTERVALS = 3;
const DEFAULT_INTERVAL_SECONDS = SECONDS_AN_HOUR;

/** Of services/backup/status.sh, seconds since 1970; 0 = never. */
const statusSchema = z.object({
  last_success: z.coerce.number(),
  message: z.string().default(""),
});

export const backupCheck: Check = {
  name: "backup",
  applies: ({ platform }) => platform.backup !== undefined,
  async look({ name, platform }) {
    const { backup } = platform;
    if (!backup) return [];
    const text = await backupPlace(name, backup).read("status");
    const interval = Number(backup.environment["INTERVAL_SECONDS"] ?? DEFAULT_INTERVAL_SECONDS);
    return [backupFinding(text, interval, new Date(), name)];
  },
};

/** @param text The service's status file; undefined when there is none. */
export function backupFinding(
  text: string | undefined,
  intervalSeconds: number,
  now: Date,
  stackName: string,
): Finding {
  const lines = (text ?? "").split("\n").map((line) => {
    const end = line.indexOf("=");
    return [line.slice(0, end), line.slice(end + 1)] as const;
  });
  const status = statusSchema.safeParse(Object.fromEntries(lines)).data;
  const cure = `npx comfymulti backup ${stackName} makes one now; npx comfymulti logs ${stackName} backup tells more.`;
  if (!status || status.last_success === 0) {
    const reason = status?.message ? `: ${status.message}` : "";
    return fault(`No backup has been made yet${reason}.`, cure, "backup");
  }
  const age = Math.max(0, now.getTime() / 1000 - status.last_success);
  const sentence = `the last backup is ${ageText(age)} old`;
  return age > MOST_INTERVALS * intervalSeconds
    ? fault(`T${sentence.slice(1)}.`, cure, "backup")
    : fine(sentence);
}

const ageText = (seconds: number): string =>
  seconds < 2 * SECONDS_AN_HOUR
    ? `${Math.round(seconds / 60)} minutes`
    : `${(seconds / SECONDS_AN_HOUR).toFixed(1)} hours`;
