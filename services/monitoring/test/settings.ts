/** Settings for tests: the least, and a workshop with everything in use. */
import type { MonitoringSettingsInput } from "../src/index.ts";

/** None of them may be where it is not needed. */
export const secrets = {
  adminToken: "token-of-the-admin",
  emailPassword: "password-of-the-mail-server",
  webhook: "https://hooks.example.net/T0/secret-part",
} as const;

export const least: MonitoringSettingsInput = {
  stackName: "comfyume-staging",
  queueManagers: [{ name: "queue-manager", address: "127.0.0.1:8600" }],
  adminToken: secrets.adminToken,
  leaseSeconds: 30,
  redisExporter: "127.0.0.1:9121",
  nodeExporter: "127.0.0.1:9100",
  alertmanager: "127.0.0.1:9093",
  prometheus: "127.0.0.1:9090",
  probes: { exporter: "127.0.0.1:9115" },
};

export const workshop: MonitoringSettingsInput = {
  ...least,
  stackName: "comfyume-workshop",
  scrapeSeconds: 5,
  evaluationSeconds: 5,
  queueManagers: [1, 2].map((index) => ({
    name: `queue-manager-${index}`,
    address: `172.29.81.1${index}:8600`,
  })),
  workers: [1, 2, 3].map((index) => ({
    name: `worker-${index}`,
    address: `worker-${index}.tail1234.ts.net:8640`,
  })),
  probes: {
    exporter: "blackbox-exporter:9115",
    site: { address: "172.29.81.10:443", serverName: "comfy.example.net" },
    frontends: [{ name: "frontend-0-11-1", address: "frontend-0-11-1:8201" }],
  },
  alerts: {
    email: {
      to: ["host@example.net", "helper@example.net"],
      server: "smtp.example.net:587",
      username: "host",
      password: secrets.emailPassword,
    },
    webhook: secrets.webhook,
  },
  rules: { QueueDeep: { threshold: 50, forSeconds: 60 }, RedisMemoryHigh: { enabled: false } },
};
