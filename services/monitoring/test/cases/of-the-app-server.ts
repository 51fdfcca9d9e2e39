/** Cases of alerts about the app server. */
import { series, type Cases } from "./case.ts";

const disk = (name: string, values: string) =>
  series(
    `node_filesystem_${name}_bytes{service="app-server",device="/dev/sda1",fstype="ext4"}`,
    values,
  );
const processStart = (values: string) =>
  series(`process_start_time_seconds{job="queue-manager",service="queue-manager-1"}`, values);
const DAY = 86_400;

export const appServerCases = {
  SiteDown: {
    fires: [
      {
        what: "the probe fails",
        input: [series(`probe_success{job="site",service="nginx"}`, "0x20")],
        at: "5m",
        labels: { job: "site", service: "nginx" },
        summary:
          "Browsers can't open the site: nginx, its certificate or both queue managers are at fault.",
      },
    ],
    quiet: [
      {
        what: "it answers",
        input: [series(`probe_success{job="site",service="nginx"}`, "1x20")],
        at: "5m",
      },
    ],
  },
  CertificateExpiring: {
    fires: [
      {
        what: "nginx shows one that has five days left",
        input: [
          series(`probe_ssl_earliest_cert_expiry{job="site"}`, `${5 * DAY}x20`),
          series("comfymulti_certificate_not_after_timestamp_seconds", `${60 * DAY}x20`),
        ],
        at: "10m",
        summary: "The site's certificate runs out in 5 days and was not renewed.",
      },
      {
        what: "the one on the disk has five days left",
        input: [series("comfymulti_certificate_not_after_timestamp_seconds", `${5 * DAY}x20`)],
        at: "10m",
        summary: "The site's certificate runs out in 5 days and was not renewed.",
      },
    ],
    quiet: [
      {
        what: "eight days are left",
        input: [series(`probe_ssl_earliest_cert_expiry{job="site"}`, `${8 * DAY}x20`)],
        at: "10m",
      },
      {
        what: "there is none yet",
        input: [series("comfymulti_certificate_not_after_timestamp_seconds", "0x20")],
        at: "10m",
      },
    ],
  },
  FrontendGone: {
    fires: [
      {
        what: "one of two versions does not answer",
        input: [
          series(`probe_success{job="frontend",service="frontend-0-11-1"}`, "0x20"),
          series(`probe_success{job="frontend",service="frontend-0-9-2"}`, "1x20"),
        ],
        at: "5m",
        labels: { job: "frontend", service: "frontend-0-11-1" },
        summary: "frontend-0-11-1 does not answer: its participants can't open the editor.",
      },
    ],
    quiet: [
      {
        what: "the site is down instead",
        input: [series(`probe_success{job="site",service="nginx"}`, "0x20")],
        at: "5m",
      },
    ],
  },
  RedisDown: {
    fires: [
      {
        what: "a queue manager can't reach it",
        input: [
          series(`comfymulti_redis_up{service="queue-manager-1"}`, "0x20"),
          series("redis_up", "1x20"),
        ],
        at: "5m",
        summary: "Redis does not answer: no job can be queued or claimed.",
      },
      {
        what: "its exporter can't reach it",
        input: [series("redis_up", "0x20")],
        at: "5m",
        summary: "Redis does not answer: no job can be queued or claimed.",
      },
    ],
    quiet: [
      {
        what: "it answers both",
        input: [series("comfymulti_redis_up", "1x20"), series("redis_up", "1x20")],
        at: "5m",
      },
    ],
  },
  RedisNotDurable: {
    fires: [
      {
        what: "it keeps no append-only file",
        input: [series("redis_aof_enabled", "0x5"), series("redis_aof_last_write_status", "1x5")],
        at: "1m",
        summary: "Redis can't keep jobs on disk: a crash now would lose accepted jobs.",
      },
      {
        what: "it could not write the file",
        input: [series("redis_aof_enabled", "1x5"), series("redis_aof_last_write_status", "0x5")],
        at: "1m",
        summary: "Redis can't keep jobs on disk: a crash now would lose accepted jobs.",
      },
    ],
    quiet: [
      {
        what: "it writes",
        input: [series("redis_aof_enabled", "1x5"), series("redis_aof_last_write_status", "1x5")],
        at: "1m",
      },
    ],
  },
  RedisMemoryHigh: {
    fires: [
      {
        what: "nine tenths are in use",
        input: [
          series("comfymulti_redis_memory_used_bytes", "900x20"),
          series("comfymulti_redis_memory_limit_bytes", "1000x20"),
        ],
        at: "5m",
        summary: "Redis uses 90% of its memory; at its limit jobs are refused.",
      },
    ],
    quiet: [
      {
        what: "half is in use",
        input: [
          series("comfymulti_redis_memory_used_bytes", "500x20"),
          series("comfymulti_redis_memory_limit_bytes", "1000x20"),
        ],
        at: "5m",
      },
      {
        what: "it has no limit",
        input: [
          series("comfymulti_redis_memory_used_bytes", "900x20"),
          series("comfymulti_redis_memory_limit_bytes", "0x20"),
        ],
        at: "5m",
      },
    ],
  },
  QueueManagerGone: {
    fires: [
      {
        what: "one of two does not answer",
        input: [
          series(`up{job="queue-manager",service="queue-manager-1"}`, "1x20"),
          series(`up{job="queue-manager",service="queue-manager-2"}`, "0x20"),
        ],
        at: "5m",
        labels: { job: "queue-manager", service: "queue-manager-2" },
        summary: "queue-manager-2 does not answer.",
      },
    ],
    quiet: [
      {
        what: "both answer",
        input: [series(`up{job="queue-manager",service="queue-manager-1"}`, "1x20")],
        at: "5m",
      },
    ],
  },
  RestartsMany: {
    fires: [
      {
        what: "a queue manager was started four more times",
        input: [processStart("100x5 200x5 300x5 400x5 500x9")],
        at: "30m",
        labels: { job: "queue-manager", service: "queue-manager-1" },
        summary: "queue-manager-1 restarted 4 times within an hour.",
      },
      {
        what: "Redis was started four more times",
        input: [
          series(`redis_uptime_in_seconds{service="redis"}`, "0+60x5 0+60x5 0+60x5 0+60x5 0+60x9"),
        ],
        at: "30m",
        labels: { service: "redis" },
        summary: "redis restarted 4 times within an hour.",
      },
      {
        what: "ComfyUI ended four times under its worker",
        input: [
          series(
            `comfymulti_worker_comfyui_exits_total{service="worker-1"}`,
            "0x10 1x10 2x10 3x10 4x20",
          ),
        ],
        at: "58m",
        labels: { service: "worker-1" },
        summary: "worker-1 restarted 4 times within an hour.",
      },
    ],
    quiet: [
      {
        what: "it was started three more times",
        input: [processStart("100x5 200x5 300x5 400x9")],
        at: "30m",
      },
      {
        what: "four times in two hours",
        input: [processStart("100x30 200x30 300x30 400x30 500x9")],
        at: "125m",
      },
      {
        what: "Redis runs",
        input: [series(`redis_uptime_in_seconds{service="redis"}`, "0+60x40")],
        at: "30m",
      },
      {
        what: "ComfyUI ended three times",
        input: [
          series(
            `comfymulti_worker_comfyui_exits_total{service="worker-1"}`,
            "0x20 1x10 2x10 3x40",
          ),
        ],
        // Between two scrapes, where Prometheus reckons with 3.05.
        at: "75m30s",
      },
    ],
  },
  DiskFull: {
    fires: [
      {
        what: "a tenth of the app server's is free",
        input: [disk("avail", "10x30"), disk("size", "100x30")],
        at: "15m",
        labels: { service: "app-server" },
        summary: "A disk of app-server has 10% left.",
      },
      {
        what: "a tenth of a worker's is free",
        input: [
          series(`comfymulti_worker_disk_free_bytes{service="worker-2"}`, "10x30"),
          series(`comfymulti_worker_disk_size_bytes{service="worker-2"}`, "100x30"),
        ],
        at: "15m",
        labels: { service: "worker-2" },
        summary: "A disk of worker-2 has 10% left.",
      },
    ],
    quiet: [
      {
        what: "a fifth is free",
        input: [disk("avail", "20x30"), disk("size", "100x30")],
        at: "15m",
      },
      {
        what: "a file system in memory is full",
        input: ["avail", "size"].map((name, index) =>
          series(
            `node_filesystem_${name}_bytes{service="app-server",device="tmpfs",fstype="tmpfs"}`,
            `${index * 100}x30`,
          ),
        ),
        at: "15m",
      },
    ],
  },
  BackupOld: {
    fires: [
      {
        what: "the last of the hourly ones is four hours old",
        input: [
          series("comfymulti_backup_last_success_timestamp_seconds", "60x300"),
          series("comfymulti_backup_interval_seconds", "3600x300"),
        ],
        at: "4h",
        summary: "The last complete backup is too old.",
      },
    ],
    quiet: [
      {
        what: "it is two hours old",
        input: [
          series("comfymulti_backup_last_success_timestamp_seconds", "60x300"),
          series("comfymulti_backup_interval_seconds", "3600x300"),
        ],
        at: "2h",
      },
      {
        what: "the first one is made",
        input: [
          series("comfymulti_backup_last_success_timestamp_seconds", "_x300 0x10"),
          series("comfymulti_backup_interval_seconds", "3600x320"),
        ],
        at: "310m",
      },
    ],
  },
  MonitoringBlind: {
    fires: [
      {
        what: "the exporter of the machine does not answer",
        input: [series(`up{job="node-exporter"}`, "0x20")],
        at: "10m",
        labels: { job: "node-exporter" },
        summary: "node-exporter does not answer: what it measures is not watched.",
      },
    ],
    quiet: [
      { what: "a worker does not answer", input: [series(`up{job="worker"}`, "0x20")], at: "10m" },
    ],
  },
} as const satisfies Readonly<Record<string, Cases>>;
