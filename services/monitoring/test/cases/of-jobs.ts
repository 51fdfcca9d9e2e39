/** Cases of alerts about jobs and answers. */
import { series, type Cases } from "./case.ts";

const pending = (values: string) =>
  series(`comfymulti_queue_jobs{state="pending",service="queue-manager-1"}`, values);
const jobs = (outcome: string, values: string) =>
  series(`comfymulti_worker_jobs_total{outcome="${outcome}",worker="worker-1"}`, values);
const answers = (route: string, upTo: Readonly<Record<string, string>>) => [
  ...Object.entries(upTo).map(([le, values]) =>
    series(`comfymulti_http_request_duration_seconds_bucket{route="${route}",le="${le}"}`, values),
  ),
  series(`comfymulti_http_request_duration_seconds_count{route="${route}"}`, upTo["+Inf"] ?? ""),
];

export const jobCases = {
  QueueDeep: {
    fires: [
      {
        what: "81 jobs wait for six minutes",
        input: [pending("81x40"), series(`comfymulti_queue_jobs{state="running"}`, "3x40")],
        at: "6m",
        summary: "81 jobs wait; at the limit new ones are refused.",
      },
    ],
    quiet: [
      { what: "80 jobs wait", input: [pending("80x40")], at: "30m" },
      { what: "a hundred wait for four minutes", input: [pending("0x10 100x4 0x10")], at: "14m" },
      {
        what: "a hundred have ended",
        input: [series(`comfymulti_queue_jobs{state="failed"}`, "100x40")],
        at: "30m",
      },
    ],
  },
  CompletionRateLow: {
    fires: [
      {
        what: "every other job is given back",
        input: [jobs("completed", "0+1x40"), jobs("given-back", "0+1x40")],
        at: "35m",
        summary: "Only 50% of attempts at jobs were completed.",
      },
      {
        what: "workers are lost over every other job",
        input: [jobs("completed", "0+1x40"), series("comfymulti_leases_expired_total", "0+1x40")],
        at: "35m",
        summary: "Only 50% of attempts at jobs were completed.",
      },
    ],
    quiet: [
      {
        what: "one in five is given back",
        input: [jobs("completed", "0+4x40"), jobs("given-back", "0+1x40")],
        at: "35m",
      },
      {
        what: "participants cancel most",
        input: [jobs("completed", "0+1x40"), jobs("dropped", "0+5x40")],
        at: "35m",
      },
      {
        what: "only nine attempts were made",
        input: [jobs("completed", "0x40"), jobs("given-back", "0+1x9 9x31")],
        at: "20m",
      },
      { what: "nothing ran", input: [jobs("completed", "70x40")], at: "35m" },
    ],
  },
  FailureRateHigh: {
    fires: [
      {
        what: "one in five fails",
        input: [jobs("completed", "0+4x40"), jobs("execution-error", "0+1x40")],
        at: "35m",
        summary: "20% of jobs failed.",
      },
      {
        what: "all fail from the first on, in different ways",
        input: [
          jobs("completed", "0x40"),
          jobs("timed-out", "0+1x40"),
          jobs("out-of-memory", "0x10 10x30"),
        ],
        at: "35m",
        summary: "100% of jobs failed.",
      },
    ],
    quiet: [
      {
        what: "one in twenty fails",
        input: [jobs("completed", "0+19x40"), jobs("timed-out", "0+1x40")],
        at: "35m",
      },
      {
        what: "jobs are given back and cancelled",
        input: [
          jobs("completed", "0+1x40"),
          jobs("given-back", "0+1x40"),
          jobs("dropped", "0+1x40"),
        ],
        at: "35m",
      },
      {
        what: "one of two jobs failed",
        input: [jobs("completed", "0x10 1x30"), jobs("timed-out", "0x10 1x30")],
        at: "15m",
      },
    ],
  },
  FrontendSlow: {
    fires: [
      {
        what: "answers take two to five seconds",
        input: answers("/:user/*", { "2": "0x40", "5": "0+60x40", "+Inf": "0+60x40" }),
        at: "10m",
        summary: "One in twenty answers to participants takes longer than 4.85s.",
      },
    ],
    quiet: [
      {
        what: "one in fifty takes long",
        input: answers("/:user/", { "2": "0+49x40", "5": "0+50x40", "+Inf": "0+50x40" }),
        at: "10m",
      },
      {
        what: "videos, uploads and WebSockets take long",
        input: [
          "/:user/view",
          "/:user/api/ws",
          "/:user/api/upload/image",
          "/internal/v1/jobs/:job/outputs",
        ].flatMap((route) => answers(route, { "2": "0x40", "5": "0+60x40", "+Inf": "0+60x40" })),
        at: "10m",
      },
      {
        what: "two single requests were slow at night",
        input: answers("/:user/", { "2": "0x40", "5": "0x5 2x40", "+Inf": "0x5 2x40" }),
        at: "8m",
      },
    ],
  },
} as const satisfies Readonly<Record<string, Cases>>;
