/** The panels of the dashboard, in the order in which a host looks: alarms, people, queue, machines. */
import { participantRequests } from "../alerts/participant-requests.ts";
import type { Row } from "./panel.ts";

const quantile = (share: number, series: string) =>
  `histogram_quantile(${share}, sum by (le) (rate(${series}[5m])))`;

export const rows: readonly Row[] = [
  {
    title: "Now",
    panels: [
      {
        title: "Alerts",
        help: "How many alerts fire. What to do is in each alert's runbook.",
        ...{ kind: "figure", unit: "short", width: 4 },
        queries: [{ expression: `count(ALERTS{alertstate="firing"}) or vector(0)` }],
      },
      {
        title: "Firing",
        ...{ kind: "list", unit: "short", width: 8 },
        queries: [{ expression: `ALERTS{alertstate="firing"}` }],
      },
      {
        title: "Workers ready",
        help: "Workers that can claim jobs.",
        ...{ kind: "figure", unit: "short", width: 4 },
        queries: [{ expression: "sum(comfymulti_worker_ready) or vector(0)" }],
      },
      {
        title: "Waiting jobs",
        ...{ kind: "figure", unit: "short", width: 4, alert: "QueueDeep" },
        queries: [{ expression: `max(comfymulti_queue_jobs{state="pending"})` }],
      },
      {
        title: "Last backup",
        ...{ kind: "figure", unit: "dateTimeFromNow", width: 4 },
        queries: [
          { expression: "max(comfymulti_backup_last_success_timestamp_seconds) * 1000 > 0" },
        ],
      },
    ],
  },
  {
    title: "Queue",
    panels: [
      {
        title: "Jobs",
        ...{ kind: "lines", unit: "short", width: 8, alert: "QueueDeep" },
        queries: [
          {
            expression: `max by (state) (comfymulti_queue_jobs{state=~"pending|running"})`,
            legend: "{{state}}",
          },
        ],
      },
      {
        title: "Attempts by outcome",
        help: "Per 5 minutes. `given-back`: the job went to another worker; `dropped`: its participant cancelled it.",
        ...{ kind: "lines", unit: "short", width: 8 },
        queries: [
          {
            expression: "sum by (outcome) (increase(comfymulti_worker_jobs_total[5m])) > 0",
            legend: "{{outcome}}",
          },
          { expression: "sum(increase(comfymulti_leases_expired_total[5m])) > 0", legend: "lost" },
        ],
      },
      {
        title: "Time on the GPU",
        help: "From the claim until ComfyUI was done.",
        ...{ kind: "lines", unit: "s", width: 8 },
        queries: [
          { expression: quantile(0.5, "comfymulti_worker_job_seconds_bucket"), legend: "half" },
          { expression: quantile(0.95, "comfymulti_worker_job_seconds_bucket"), legend: "95 %" },
        ],
      },
    ],
  },
  {
    title: "Participants",
    panels: [
      {
        title: "Answers to participants",
        help: "Without uploads, downloads of results and the WebSocket.",
        ...{ kind: "lines", unit: "s", width: 8, alert: "FrontendSlow" },
        queries: [
          { expression: quantile(0.5, participantRequests("bucket")), legend: "half" },
          { expression: quantile(0.95, participantRequests("bucket")), legend: "95 %" },
        ],
      },
      {
        title: "Requests and open editors",
        ...{ kind: "lines", unit: "short", width: 8 },
        queries: [
          {
            expression: `sum(rate(${participantRequests("count")}[5m]))`,
            legend: "requests a second",
          },
          { expression: "sum(comfymulti_websockets)", legend: "open editors" },
        ],
      },
      {
        title: "Prompts",
        help: "Per 5 minutes. Refused ones never reach a GPU.",
        ...{ kind: "lines", unit: "short", width: 8 },
        queries: [
          {
            expression: "sum(increase(comfymulti_prompts_accepted_total[5m]))",
            legend: "accepted",
          },
          {
            expression: "sum by (type) (increase(comfymulti_prompts_refused_total[5m])) > 0",
            legend: "refused: {{type}}",
          },
        ],
      },
    ],
  },
  {
    title: "Workers",
    panels: [
      {
        title: "GPU memory",
        ...{ kind: "lines", unit: "percentunit", width: 8, alert: "WorkerGpuMemoryHigh" },
        queries: [
          {
            expression: "comfymulti_worker_vram_used_mib / comfymulti_worker_vram_total_mib",
            legend: "{{worker}}",
          },
        ],
      },
      {
        title: "Silence",
        help: "Time since a worker last reported to the queue.",
        ...{ kind: "lines", unit: "s", width: 8 },
        queries: [
          {
            expression: "max by (worker) (comfymulti_worker_silence_seconds)",
            legend: "{{worker}}",
          },
        ],
      },
      {
        title: "Undelivered results",
        ...{ kind: "lines", unit: "bytes", width: 8 },
        queries: [{ expression: "comfymulti_worker_spool_bytes", legend: "{{worker}}" }],
      },
    ],
  },
  {
    title: "App server",
    panels: [
      {
        title: "CPU",
        ...{ kind: "lines", unit: "percentunit", width: 6 },
        queries: [
          { expression: `1 - avg(rate(node_cpu_seconds_total{mode="idle"}[5m]))`, legend: "busy" },
        ],
      },
      {
        title: "Memory",
        ...{ kind: "lines", unit: "bytes", width: 6 },
        queries: [
          {
            expression: "node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes",
            legend: "in use",
          },
          { expression: "node_memory_MemTotal_bytes", legend: "there" },
        ],
      },
      {
        title: "Free disk",
        ...{ kind: "lines", unit: "percentunit", width: 6, alert: "DiskFull" },
        queries: [
          {
            expression: `min by (service, device) (node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|overlay|squashfs"} / node_filesystem_size_bytes)`,
            legend: "{{service}} {{device}}",
          },
          {
            expression: "comfymulti_worker_disk_free_bytes / comfymulti_worker_disk_size_bytes",
            legend: "{{worker}}",
          },
        ],
      },
      {
        title: "Redis' memory",
        ...{ kind: "lines", unit: "bytes", width: 6 },
        queries: [
          { expression: "max(comfymulti_redis_memory_used_bytes)", legend: "in use" },
          { expression: "max(comfymulti_redis_memory_limit_bytes)", legend: "limit" },
          { expression: "max(comfymulti_queue_history_bytes)", legend: "history" },
        ],
      },
    ],
  },
];
