/** The overview: what waits, runs and failed, who computes, who takes part, what memory it takes. */
import type { Job, Worker } from "@comfymulti/queue";
import type { Gateway } from "../../gateway.ts";
import { escapeHtml } from "../../pages.ts";
import { memoryWithBound } from "../admin-api/memory.ts";
import { usersWithCounts } from "../admin-api/users.ts";
import { askFirst, button, jobName, meter, table } from "./elements.ts";
import { count, duration, failureInWords, size, statusInWords } from "./words.ts";

/** Waiting jobs on the page; more are counted only. */
const WAITING_SHOWN = 50;
const RUNNING_SHOWN = 100;
const FAILED_SHOWN = 10;
/** Failed jobs that the newest failures are looked for in: lists go by the time of submission. */
const FAILED_LOOKED_AT = 100;

/** @throws RedisUnavailableError */
export async function overview(gateway: Gateway): Promise<string> {
  const { queue } = gateway;
  const [counts, paused, closed, announcement, waiting, running, failed, workers, users, memory] =
    await Promise.all([
      queue.counts(),
      queue.paused(),
      queue.intakeClosed(),
      queue.announcement(),
      queue.waiting(WAITING_SHOWN),
      queue.list({ states: ["running"], limit: RUNNING_SHOWN }),
      queue.list({ states: ["failed"], order: "desc", limit: FAILED_LOOKED_AT }),
      queue.workers(),
      usersWithCounts(gateway),
      memoryWithBound(gateway),
    ]);
  const now = Date.now();
  const lately = failed.jobs
    .toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
    .slice(0, FAILED_SHOWN);
  const hidden = counts.pending - waiting.length;
  return (
    intake(paused, closed) +
    announced(announcement) +
    `<p>${counts.pending} of at most ${gateway.environment.MAX_QUEUE_DEPTH} waiting, ${counts.running} running, ` +
    `${count(gateway.sockets.size, "browser")} connected here.</p>` +
    `<h2>Running</h2>${table(
      ["job", "user", "worker", "for", ""],
      running.jobs.map((job) => runningRow(job, now)),
    )}<h2>Waiting, next first</h2>${table(
      ["place", "job", "user", "for", "needs about", ""],
      waiting.map((job, index) => waitingRow(job, index, now)),
    )}${hidden > 0 ? `<p class="dim">and ${count(hidden, "more job")}.</p>` : ""}` +
    `<h2>Failed lately</h2>${table(
      ["job", "user", "ago", "what happened", ""],
      lately.map((job) => failedRow(job, now)),
    )}<h2>Workers</h2>${table(
      [
        "worker",
        "GPU",
        "ComfyUI",
        "status",
        "job",
        "GPU memory free",
        "models loaded",
        "templates",
        "",
      ],
      workers.map(workerRow),
    )}<h2>Users</h2>${table(
      ["user", "share", "waiting", "running", "completed", "failed", "cancelled", ""],
      users.map(userRow),
    )}<h2>Memory of the queue</h2>${memoryTable(memory)}`
  );
}

function intake(paused: boolean, closed: boolean): string {
  if (closed) {
    return `<div class="bar"><strong class="bad">Closed: the workshop has ended, and new jobs are refused.</strong>${button("/admin/queue/resume", "Take jobs again")}</div>`;
  }
  return paused
    ? `<div class="bar"><strong class="bad">Paused: new jobs are refused. Those that wait go on.</strong>${button("/admin/queue/resume", "Take jobs again")}</div>`
    : `<div class="bar"><strong class="good">Open: participants can submit jobs.</strong>${button("/admin/queue/pause", "Take no new jobs")}</div>`;
}

/** What every editor shows at the moment. */
const announced = (text: string | undefined): string =>
  text === undefined
    ? ""
    : `<p>Announced in every editor: <strong>${escapeHtml(text)}</strong></p>`;

function runningRow(job: Job, now: number): string[] {
  return [
    jobName(job.id),
    escapeHtml(job.user),
    escapeHtml(job.worker ?? "–"),
    duration(now - (job.startedAt ?? now)),
    askFirst(`/admin/jobs/${job.id}/cancel`, "Cancel"),
  ];
}

function waitingRow(job: Job, index: number, now: number): string[] {
  const front = index === 0 ? "" : button(`/admin/jobs/${job.id}/front`, "To the front");
  return [
    String(index + 1),
    jobName(job.id),
    escapeHtml(job.user),
    duration(now - job.createdAt),
    `${duration(job.costSeconds * 1000)} of GPU`,
    `${front}${askFirst(`/admin/jobs/${job.id}/cancel`, "Cancel")}`,
  ];
}

function failedRow(job: Job, now: number): string[] {
  const message = job.failure
    ? `<br><span class="dim">${escapeHtml(job.failure.message)}</span>`
    : "";
  return [
    jobName(job.id),
    escapeHtml(job.user),
    duration(now - (job.endedAt ?? now)),
    `${escapeHtml(failureInWords(job.failure))}${message}`,
    button(`/admin/jobs/${job.id}/retry`, "Run again"),
  ];
}

function workerRow(worker: Worker): string[] {
  const mark = worker.simulated ? " <mark>SIMULATED</mark>" : "";
  const lost = worker.status === "lost" ? ' class="bad"' : "";
  const isOut = worker.status === "lost" || worker.status === "draining";
  return [
    `${escapeHtml(worker.name)}${mark}`,
    escapeHtml(worker.gpu),
    escapeHtml(worker.comfyuiVersion),
    `<span${lost}>${statusInWords[worker.status]}</span>`,
    worker.jobId === undefined ? "–" : jobName(worker.jobId),
    `${size(worker.vramFreeMiB * 2 ** 20)} of ${size(worker.vramTotalMiB * 2 ** 20)}`,
    worker.loadedModels.map(escapeHtml).join("<br>") || "–",
    templatesCell(worker),
    isOut ? "" : askFirst(`/admin/workers/${worker.name}/drain`, "Take out"),
  ];
}

/** Which of the workshop's templates this worker's model files are there for. */
function templatesCell({ models }: Worker): string {
  if (!models) return "–";
  const lacking = models.templates.filter(({ missing }) => missing.length > 0);
  const whole = models.templates.length - lacking.length;
  const files = lacking.map(
    ({ name, missing }) =>
      `<br><span class="bad">${escapeHtml(name)}</span> lacks ${missing.map(escapeHtml).join(", ")}`,
  );
  const { orphans } = models;
  const unused = orphans.files === 0 ? "" : `<br>${size(orphans.bytes)} in files of no template`;
  return `${whole} of ${models.templates.length}${files.join("")}${unused}`;
}

type UserWithCounts = Awaited<ReturnType<typeof usersWithCounts>>[number];

function userRow({ id, weight, jobs }: UserWithCounts): string[] {
  const hasSome = jobs.pending + jobs.running > 0;
  return [
    escapeHtml(id),
    String(weight),
    ...[jobs.pending, jobs.running, jobs.completed, jobs.failed, jobs.cancelled].map(String),
    hasSome ? askFirst(`/admin/users/${id}/cancel`, "Cancel all") : "",
  ];
}

function memoryTable(memory: Awaited<ReturnType<typeof memoryWithBound>>): string {
  const { used, limit, waiting, history, bound } = memory;
  const part = (name: string, now: number, most: number) => [
    name,
    size(now),
    size(most),
    meter(now, most),
  ];
  return table(
    ["what", "now", "at most", "full"],
    [
      part("Workflows of waiting jobs", waiting, bound.waiting),
      part("Workflows and results of ended jobs", history, bound.history),
      limit > 0
        ? part("Redis as a whole", used, limit)
        : ["Redis as a whole", size(used), `at most ${size(bound.total)} of it for jobs`, ""],
    ],
  );
}
