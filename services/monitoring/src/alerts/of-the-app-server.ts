/** Alerts about the app server: its services, Redis, disk, certificate and backups. */
import type { Alert } from "./alert.ts";

const HOUR = "[1h]";

export const appServerAlerts = [
  {
    name: "SiteDown",
    severity: "critical",
    title: "Browsers can't open the site.",
    summary:
      "Browsers can't open the site: nginx, its certificate or both queue managers are at fault.",
    cure: "`comfymulti doctor` tells which. `comfymulti logs nginx` shows what it answers; `comfymulti up` makes it anew.",
    forSeconds: 60,
    expression: () => `probe_success{job="site"} == 0`,
  },
  {
    name: "CertificateExpiring",
    severity: "warning",
    title: "The site's certificate runs out soon and was not renewed.",
    summary:
      'The site\'s certificate runs out in {{ $value | printf "%.0f" }} days and was not renewed.',
    cure: "Read the log of the certificate's renewal: port 80 has to be reachable from the internet, and the name has to point to this machine. Then `comfymulti up`.",
    threshold: {
      figure: "validity left of the certificate",
      // A week is what its service lets pass, too.
      ...{ is: "below", value: 7, unit: "days" },
    },
    forSeconds: 300,
    expression: ({ threshold }) =>
      // What nginx shows, and what lies on the disk, where the first has 0.
      `(min(probe_ssl_earliest_cert_expiry or comfymulti_certificate_not_after_timestamp_seconds > 0) - time()) / 86400 < ${threshold}`,
  },
  {
    name: "FrontendGone",
    severity: "critical",
    title: "A frontend does not answer.",
    summary: "{{ $labels.service }} does not answer: its participants can't open the editor.",
    cure: "It is started again by itself; if it does not come back, `comfymulti logs` for it says why. After an upgrade: `comfymulti rollback`.",
    forSeconds: 60,
    expression: () => `probe_success{job="frontend"} == 0`,
  },
  {
    name: "RedisDown",
    severity: "critical",
    title: "Redis does not answer.",
    summary: "Redis does not answer: no job can be queued or claimed.",
    cure: "Running jobs go on and accepted jobs are on disk. `comfymulti logs redis` says why it ended; a full disk or too little memory are the usual causes. It is started again by itself.",
    forSeconds: 15,
    expression: () => "min(comfymulti_redis_up) == 0 or min(redis_up) == 0",
  },
  {
    name: "RedisNotDurable",
    severity: "critical",
    title: "Redis can't keep jobs on disk.",
    summary: "Redis can't keep jobs on disk: a crash now would lose accepted jobs.",
    cure: "Free space on the app server's disk. If the disk has room, `comfymulti up` puts Redis' own configuration back in force.",
    forSeconds: 0,
    expression: () => "min(redis_aof_enabled) == 0 or min(redis_aof_last_write_status) == 0",
  },
  {
    name: "RedisMemoryHigh",
    severity: "warning",
    title: "Redis' memory is nearly full.",
    summary:
      "Redis uses {{ $value | humanizePercentage }} of its memory; at its limit jobs are refused.",
    cure: "Delete old history on the admin page, or keep less of it (`historyPerUser`).",
    threshold: {
      figure: "memory in use by Redis, of its limit",
      ...{ is: "above", value: 0.8, unit: "share" },
    },
    forSeconds: 60,
    expression: ({ threshold }) =>
      `max(comfymulti_redis_memory_used_bytes / (comfymulti_redis_memory_limit_bytes > 0)) > ${threshold}`,
  },
  {
    name: "QueueManagerGone",
    severity: "critical",
    title: "A queue manager does not answer.",
    summary: "{{ $labels.service }} does not answer.",
    cure: "While another one answers, participants notice nothing. `comfymulti logs` for it says why it ended; `comfymulti up` makes it anew.",
    forSeconds: 30,
    expression: () => `up{job="queue-manager"} == 0`,
  },
  {
    name: "RestartsMany",
    severity: "critical",
    title: "A service restarts again and again.",
    summary: "{{ $labels.service }} restarted {{ $value }} times within an hour.",
    cure: "`comfymulti logs` for it says why it ends. After an upgrade: `comfymulti rollback`.",
    threshold: {
      figure: "restarts of a service within an hour",
      ...{ is: "above", value: 3, unit: "count" },
    },
    forSeconds: 0,
    expression: ({ threshold }) =>
      [
        `changes(process_start_time_seconds{job=~"queue-manager|worker"}${HOUR}) > ${threshold}`,
        // The exporter reckons Redis' start from its uptime, to a second more or less.
        `resets(redis_uptime_in_seconds${HOUR}) > ${threshold}`,
        // Prometheus reckons an increase to fractions.
        `round(increase(comfymulti_worker_comfyui_exits_total${HOUR})) > ${threshold}`,
      ].join("\nor "),
  },
  {
    name: "DiskFull",
    severity: "critical",
    title: "A disk is nearly full.",
    summary: "A disk of {{ $labels.service }} has {{ $value | humanizePercentage }} left.",
    cure: "On the app server: delete old results (`files/`), then old images (`docker image prune`). On a worker: its results wait to be delivered, see ResultsUndelivered. Or make the disk bigger.",
    threshold: {
      figure: "free part of a disk",
      ...{ is: "below", value: 0.15, unit: "share" },
    },
    forSeconds: 300,
    expression: ({ threshold }) =>
      [
        `min by (service) (node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|overlay|squashfs"} / node_filesystem_size_bytes) < ${threshold}`,
        `min by (service) (comfymulti_worker_disk_free_bytes / comfymulti_worker_disk_size_bytes) < ${threshold}`,
      ].join("\nor "),
  },
  {
    name: "BackupOld",
    severity: "critical",
    title: "The last backup is too old.",
    summary: "The last complete backup is too old.",
    cure: "`comfymulti backup` makes one now and says what is in its way: the bucket's key, the network, the disk.",
    threshold: {
      figure: "age of the last complete backup, in intervals between two",
      ...{ is: "above", value: 3, unit: "count" },
    },
    // Before the first one there is none: it has this long.
    forSeconds: 900,
    expression: ({ threshold }) =>
      `(time() - max(comfymulti_backup_last_success_timestamp_seconds)) / max(comfymulti_backup_interval_seconds) > ${threshold}`,
  },
  {
    name: "MonitoringBlind",
    severity: "warning",
    title: "A part of the monitoring does not answer.",
    summary: "{{ $labels.job }} does not answer: what it measures is not watched.",
    cure: "`comfymulti logs` for it says why it ended; `comfymulti up` makes it anew.",
    forSeconds: 300,
    expression: () => `up{job!~"queue-manager|worker"} == 0`,
  },
] as const satisfies readonly Alert[];
