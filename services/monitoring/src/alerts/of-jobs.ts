/** Alerts about what participants notice: waiting, failing jobs, a slow editor. */
import type { Alert } from "./alert.ts";
import { participantRequests } from "./participant-requests.ts";

/** Within which jobs are counted. Shorter, and a few videos decide; longer, and it comes late. */
const WINDOW = "30m";
/** With fewer, one job more or less would turn a share over. */
const FEWEST_JOBS = 10;
const FEWEST_REQUESTS = 20;

const attempts = (outcomes: string) =>
  `sum(increase(comfymulti_worker_jobs_total{${outcomes}}[${WINDOW}]))`;
const completed = attempts(`outcome="completed"`);
/** Left out: what a participant cancelled, and attempts whose job another worker has. */
const ended = attempts(`outcome!="dropped"`);
/** Ended one way or the other, without those that go on elsewhere. */
const decided = attempts(`outcome!~"dropped|given-back"`);
const lost = `(sum(increase(comfymulti_leases_expired_total[${WINDOW}])) or vector(0))`;

const when = (expression: string, count: string, least: number) =>
  `${expression}\nand ${count} >= ${least}`;

export const jobAlerts = [
  {
    name: "QueueDeep",
    severity: "warning",
    title: "Too many jobs wait.",
    summary: "{{ $value }} jobs wait; at the limit new ones are refused.",
    cure: "See on the admin page that every worker runs. If they do, participants ask for more than the GPUs give: add a worker, or ask for shorter videos.",
    threshold: {
      figure: "waiting jobs",
      ...{ is: "above", value: 80, unit: "count" },
    },
    forSeconds: 300,
    // It is one queue: every queue manager says the same.
    expression: ({ threshold }) => `max(comfymulti_queue_jobs{state="pending"}) > ${threshold}`,
  },
  {
    name: "CompletionRateLow",
    severity: "critical",
    title: "Too few attempts at jobs come to a good end.",
    summary: "Only {{ $value | humanizePercentage }} of attempts at jobs were completed.",
    cure: "The panel *Attempts by outcome* says how they end. Many `given-back` or lost: a worker comes and goes, read its log and drain it. Many failures: see FailureRateHigh. After an upgrade: `comfymulti rollback`.",
    threshold: {
      figure: "completed of all attempts within 30 minutes",
      ...{ is: "below", value: 0.8, unit: "share" },
    },
    forSeconds: 60,
    expression: ({ threshold }) =>
      when(`${completed} / (${ended} + ${lost}) < ${threshold}`, `${ended} + ${lost}`, FEWEST_JOBS),
  },
  {
    name: "FailureRateHigh",
    severity: "critical",
    title: "Too many jobs fail.",
    summary: "{{ $value | humanizePercentage }} of jobs failed.",
    cure: "The admin page shows each failure's reason. The same node everywhere: a model or custom node is missing on the workers. `out-of-memory`: see WorkerGpuMemoryHigh. One worker alone: drain it. After an upgrade: `comfymulti rollback`.",
    threshold: {
      figure: "failed of all jobs within 30 minutes",
      ...{ is: "above", value: 0.1, unit: "share" },
    },
    forSeconds: 60,
    expression: ({ threshold }) =>
      when(`1 - ${completed} / ${decided} > ${threshold}`, decided, FEWEST_JOBS),
  },
  {
    name: "FrontendSlow",
    severity: "warning",
    title: "The editor answers slowly.",
    summary:
      "One in twenty answers to participants takes longer than {{ $value | humanizeDuration }}.",
    cure: "Look at the app server's CPU, memory and disk in the dashboard. With full ComfyUI frontends, move participants to `light` ones, or take a bigger machine.",
    threshold: {
      figure: "95th percentile of answers to participants within 5 minutes",
      ...{ is: "above", value: 2, unit: "seconds" },
    },
    forSeconds: 60,
    expression: ({ threshold }) =>
      when(
        `histogram_quantile(0.95, sum by (le) (rate(${participantRequests("bucket")}[5m]))) > ${threshold}`,
        `sum(increase(${participantRequests("count")}[5m]))`,
        FEWEST_REQUESTS,
      ),
  },
] as const satisfies readonly Alert[];
