/**
 * Simulated participants: a workshop's load on a running platform, by the real protocol, in which each
 * participant makes sure that they get exactly their own pictures. `comfymulti participants` runs it,
 * and rehearsals do. May import workflows.
 */
export { readLinks } from "./links.ts";
export {
  ParticipantsError,
  participantLinkSchema,
  settingsSchema as participantsSettingsSchema,
} from "./options.ts";
export type { ParticipantLink, ParticipantsSettings } from "./options.ts";
export {
  jobRecordSchema,
  outcomes,
  participantsReportSchema,
  participantSummarySchema,
  summarySchema,
} from "./report.ts";
export type {
  JobRecord,
  ParticipantSummary,
  ParticipantsReport,
  RunError,
  Spread,
} from "./report.ts";
export { runParticipants } from "./run.ts";
export type { ParticipantsEvent, ParticipantsOptions } from "./run.ts";
export { summarise, summariseParticipants } from "./summarise.ts";
