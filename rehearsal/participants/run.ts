/** Runs N simulated participants against a platform, and reports what each of them got. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import {
  participantLinkSchema,
  ParticipantsError,
  settingsSchema,
  type ParticipantsSettings,
} from "./options.ts";
import type { Page } from "./page.ts";
import { Participant } from "./participant.ts";
import type { JobRecord, ParticipantsReport, RunError } from "./report.ts";
import { SharedKnowledge } from "./shared.ts";
import { summarise, summariseParticipants } from "./summarise.ts";
import { Workload } from "./workload.ts";

/** Something that happened just now. Records go on being filled in. */
export type ParticipantsEvent =
  | { readonly kind: "arrived"; readonly user: string }
  | {
      readonly kind: "submitting" | "refused" | "accepted" | "started" | "ended";
      readonly job: JobRecord;
    }
  | { readonly kind: "error"; readonly error: RunError };

export type ParticipantsOptions = z.input<typeof settingsSchema> & {
  /** One participant each. */
  readonly links: readonly z.input<typeof participantLinkSchema>[];
  /** Stops the run: jobs under way are cancelled, what was found out until then is reported. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ParticipantsEvent) => void;
};

/**
 * @throws ParticipantsError when an option is not valid, or the template can't run there. Whatever
 *   else goes wrong is in the report's errors.
 */
export async function runParticipants(options: ParticipantsOptions): Promise<ParticipantsReport> {
  const { links, signal = new AbortController().signal, onEvent, ...given } = options;
  const settings = parse(settingsSchema, given);
  const people = parse(z.array(participantLinkSchema).min(1), links);
  const startedAt = Date.now();
  const jobs: JobRecord[] = [];
  const errors: RunError[] = [];
  const shared = new SharedKnowledge();
  const run = randomBytes(4).toString("hex");
  const workload = firstWorkload(settings);

  const participants = people.map((link) => {
    const user = link.id;
    const tell = (kind: Exclude<ParticipantsEvent["kind"], "arrived" | "error">) => {
      return (job: JobRecord) => onEvent?.({ kind, job });
    };
    return new Participant({
      link,
      settings,
      run,
      shared,
      workload,
      signal,
      on: {
        arrived: () => onEvent?.({ kind: "arrived", user }),
        submitting: (job) => {
          jobs.push(job);
          onEvent?.({ kind: "submitting", job });
        },
        refused: tell("refused"),
        accepted: tell("accepted"),
        started: tell("started"),
        ended: tell("ended"),
        error: (sentence) => {
          const error = { at: Date.now(), user, sentence };
          errors.push(error);
          onEvent?.({ kind: "error", error });
        },
      },
    });
  });
  const ends = await Promise.allSettled(participants.map((participant) => participant.run()));
  for (const end of ends) if (end.status === "rejected") throw end.reason;

  const endedAt = Date.now();
  const visits = participants.map(({ id, reloads, reconnects }) => ({
    user: id,
    reloads,
    reconnects,
  }));
  const summaries = summariseParticipants(jobs, visits);
  const allThere = jobs.length === people.length * settings.jobs;
  return {
    startedAt,
    endedAt,
    settings,
    stopped: signal.aborted,
    good: allThere && errors.length === 0 && summaries.every(({ bad }) => bad === 0),
    summary: summarise(jobs, summaries, (endedAt - startedAt) / 1000),
    participants: summaries,
    errors,
    jobs,
  };
}

/** Node definitions are half a megabyte and the same for all: the first page's serve everybody. */
function firstWorkload(settings: ParticipantsSettings): (page: Page) => Promise<Workload> {
  let made: Promise<Workload> | undefined;
  return (page) =>
    (made ??= page.session
      .json("api/object_info", z.unknown())
      .then((objectInfo) => new Workload(settings.template, objectInfo)));
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = issue?.path.join(".") ?? "";
  throw new ParticipantsError(`${name} ${issue?.message ?? "is not valid"}.`);
}
