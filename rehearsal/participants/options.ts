/** What a run of simulated participants can be told; every setting has a default. */
import { templates } from "@comfymulti/workflows";
import { z } from "zod";

const ids = templates.map(({ id }) => id);

/** Each message follows the setting's name. */
const within = (schema: z.ZodNumber, least: number, most: number) =>
  schema.refine((value) => value >= least && value <= most, {
    error: `must be ${least} to ${most}`,
  });
const whole = (least: number, most: number) =>
  within(z.number().refine(Number.isInteger, "must be a whole number"), least, most);
const measure = (least: number, most: number) => within(z.number(), least, most);

/** A participant's personal link, as the host hands it out. */
export const participantLinkSchema = z.strictObject({
  /** `user001`; the same as in the link's path. */
  id: z.string().min(1).max(64),
  /** `https://comfy.example/user001/?token=…` */
  link: z.url({ protocol: /^https?$/ }),
});
export type ParticipantLink = z.infer<typeof participantLinkSchema>;

export const settingsSchema = z.strictObject({
  /** Jobs that each participant runs, one after another. */
  jobs: whole(1, 10_000).default(5),
  /** Seconds for which a participant thinks before a job, on average; from none to twice as many. */
  thinkSeconds: measure(0, 3600).default(5),
  /** Template whose graph the jobs run. */
  template: z.enum(ids, { error: `must be one of ${ids.join(", ")}` }).default("example_workflow"),
  /** Decides think times, cancels and reloads: the same seed, the same participants. */
  seed: whole(0, 2 ** 32).default(1),
  /** Part of the jobs that their participant cancels, 0 to 1. */
  cancelShare: measure(0, 1).default(0),
  /** Part of the jobs during which the participant reloads the page, 0 to 1. */
  reloadShare: measure(0, 1).default(0),
  /**
   * Seconds after which a job that has not ended counts as lost; also the most that one request is
   * tried for.
   */
  patienceSeconds: measure(1, 86_400).default(3600),
});
export type ParticipantsSettings = z.output<typeof settingsSchema>;

/** The run can't begin; the message says what to do. */
export class ParticipantsError extends Error {
  override readonly name = "ParticipantsError";
}
