/** Everything that decides what the monitoring's configuration says. */
import { z } from "zod";
import { alertNames, type AlertName } from "./alerts/table.ts";

const emailSchema = z.email("must be an e-mail address, such as host@example.net");

/** By e-mail, over the host's own mail server. */
const emailReceiverSchema = z.strictObject({
  /** Who gets the alerts. */
  to: z.array(emailSchema).min(1).max(20),
  /** Sender. Default: the first of `to`. */
  from: emailSchema.optional(),
  /** Mail server, `smtp.example.net:587`. It has to speak TLS. */
  server: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,253}:\d{1,5}$/, "must be HOST:PORT, such as smtp.example.net:587"),
  /** Account on it. Default: none is needed. */
  username: z.string().min(1).max(256).optional(),
  /** Secret. */
  password: z.string().min(1).max(1024).optional(),
});

/** Where alerts go, besides being shown. */
export const alertReceiversSchema = z.strictObject({
  /** Default: no e-mails. */
  email: emailReceiverSchema.optional(),
  /**
   * Gets a POST with Alertmanager's own JSON
   * (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). Secret: such a URL
   * often holds a token. Default: none.
   */
  webhook: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).optional(),
  /** Alerts that begin within this time go out as one message, seconds. Default 10. */
  groupSeconds: z.int().min(1).max(3600).default(10),
  /** What still is so is said again after this many hours. Default 4. */
  repeatHours: z.number().min(0.1).max(168).default(4),
});

/** What a host may change of one alert. */
const ruleSchema = z.strictObject({
  /** Instead of the table's; shares are 0 to 1. */
  threshold: z.number().nonnegative().optional(),
  /** For how long it has to be so, seconds. */
  forSeconds: z.int().min(0).max(86_400).optional(),
  /** false = never fires. Default true. */
  enabled: z.boolean().default(true),
});

/** The host's own choices: `comfymulti:monitoring`. */
export const monitoringOptionsSchema = z.strictObject({
  /** How often figures are read, seconds. Default 15. */
  scrapeSeconds: z.int().min(1).max(300).default(15),
  /** How often alerts are judged, seconds. Default 15. */
  evaluationSeconds: z.int().min(1).max(300).default(15),
  /** Figures are kept so long, days. Default 15. */
  retentionDays: z.int().min(1).max(3650).default(15),
  /** … and no more than this, GB; the oldest go first. Default 2. */
  retentionGb: z.number().min(0.1).max(10_000).default(2),
  /** Default: alerts are only shown, in Grafana and Alertmanager. */
  alerts: alertReceiversSchema.prefault({}),
  /** Alerts that differ from the table of README.md, by name. */
  rules: z.partialRecord(z.enum(alertNames as [AlertName, ...AlertName[]]), ruleSchema).default({}),
});

const addressSchema = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:]{2,39}\]):\d{1,5}$/,
    "must be HOST:PORT, such as worker-1.tail1234.ts.net:8640",
  );

const targetSchema = z.strictObject({
  /** As alerts name it, `worker-1`. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must look like worker-1"),
  /** Where Prometheus finds its `/metrics`. */
  address: addressSchema,
});

/** All that configuration files are rendered from. */
export const monitoringSettingsSchema = monitoringOptionsSchema.extend({
  /** Whose figures they are, `comfyume-workshop`: a label of every alert that is sent. */
  stackName: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must look like comfyume-workshop"),
  queueManagers: z.array(targetSchema).min(1).max(16),
  /** What a queue manager's `/metrics` asks for: the admin's. Secret. */
  adminToken: z.string().min(1).max(1024),
  /** Default none: replicas at a provider can't be reached. */
  workers: z.array(targetSchema).max(100).default([]),
  /** A job's lease, seconds: a worker reports three times in it. */
  leaseSeconds: z.number().positive().max(3600),
  redisExporter: addressSchema,
  nodeExporter: addressSchema,
  alertmanager: addressSchema,
  /** What is asked from outside, as a browser would, by blackbox_exporter. */
  probes: z.strictObject({
    exporter: addressSchema,
    /** The public door. Default: none, browsers on this machine ask the gateway. */
    site: z
      .strictObject({
        /** nginx's HTTPS port, from inside; past any proxy in front of it. */
        address: addressSchema,
        /** `comfy.example.net`; the certificate has to be for it. */
        serverName: z
          .string()
          .regex(/^[A-Za-z0-9.-]{1,253}$/, "must be a host name such as comfy.example.net"),
      })
      .optional(),
    /** Services that serve editors; each answers `GET /health`. Default none. */
    frontends: z.array(targetSchema).max(1000).default([]),
  }),
  /** As Grafana finds it. */
  prometheus: addressSchema,
});

export type MonitoringOptions = z.output<typeof monitoringOptionsSchema>;
/** As they are written; what has a default may be left out. */
export type MonitoringSettingsInput = z.input<typeof monitoringSettingsSchema>;
export type MonitoringSettings = z.output<typeof monitoringSettingsSchema>;
