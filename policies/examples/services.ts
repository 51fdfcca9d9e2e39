/** Examples of rules on services, as processes and as containers. */
import { declared, digest, workshop } from "./platforms.ts";
import type { Example, ExamplesByRule } from "./example.ts";

/** A service on this machine. */
const service = (name: string, spec: Readonly<Record<string, unknown>>): Example => ({
  type: "comfymulti:index:Process",
  props: {
    name,
    directory: "/tmp",
    version: "1",
    command: ["true"],
    workingDirectory: "/tmp",
    health: { kind: "http", url: "http://127.0.0.1:1/health" },
    ...spec,
  },
});

/** A container that keeps every rule. */
const container = (name: string, change: Readonly<Record<string, unknown>> = {}): Example => ({
  type: "docker:index/container:Container",
  props: {
    name,
    image: "comfyui-frontend:0.11.1",
    user: "1000:1000",
    memory: 2048,
    cpus: "0.5",
    healthcheck: { tests: ["CMD", "curl", "-f", "http://localhost:8188/system_stats"] },
    ...change,
  },
});

const publish = (internal: number, ip?: string) => ({
  ports: [{ internal, external: internal, ...(ip === undefined ? {} : { ip }) }],
});

/** A serverless deployment that keeps every rule. */
const deployment = (
  inside: Readonly<Record<string, unknown>> = {},
  change: Readonly<Record<string, unknown>> = {},
): Example => ({
  type: "verda:index:ContainerDeployment",
  props: {
    name: "comfyui-worker",
    isSpot: false,
    compute: { name: "H200", size: 1 },
    containers: [
      {
        image: `registry.example/comfyui-worker:0.11.1@${digest}`,
        exposedPort: 8188,
        healthcheck: { enabled: true, port: 8188, path: "/health" },
        env: [],
        ...inside,
      },
    ],
    ...change,
  },
});

const redisLines = [
  "bind 127.0.0.1",
  "appendonly yes",
  "appendfsync always",
  "user default off ~* &* +@all",
  `user worker on #${"ab".repeat(32)} ~{cm}:* +@all -@admin`,
];
const redis = (...lines: readonly string[]): Example =>
  service("redis", {
    command: ["redis-server", "-"],
    secretEnvironment: { REDIS_CONFIG: lines.join("\n") },
  });
const redisWith = (line: string, instead: string): Example =>
  redis(...redisLines.map((each) => (each === line ? instead : each)));
const redisContainer = (ip: string): Example =>
  container("redis", {
    image: "redis:7.2",
    command: ["redis-server", "-"],
    envs: [`REDIS_CONFIG=${redisLines.slice(1).join("\n")}`],
    ...publish(6379, ip),
  });

const times = (execution: string, job: string) => ({
  environment: { EXECUTION_TIMEOUT_SECONDS: execution, JOB_TIMEOUT_SECONDS: job },
});

export const queueManager = service("queue-manager", { environment: { MAX_QUEUE_DEPTH: "100" } });

export const serviceExamples: ExamplesByRule = {
  "redis-not-public": {
    kept: [redis(...redisLines), redisContainer("127.0.0.1")],
    broken: [
      { ...redisWith("bind 127.0.0.1", "bind 0.0.0.0"), says: "not 0.0.0.0" },
      { ...redis(...redisLines.slice(1)), says: "not every address" },
      { ...redisWith("user default off ~* &* +@all", ""), says: "ask everybody for a password" },
      {
        ...redisWith(redisLines.at(-1) ?? "", "user worker on nopass ~* +@all"),
        says: "ask everybody for a password",
      },
      {
        ...redis(...redisLines.slice(0, 3), "requirepass short"),
        says: "ask everybody for a password",
      },
      { ...redisContainer("0.0.0.0"), says: "not 0.0.0.0" },
    ],
  },
  "redis-durable": {
    kept: [redis(...redisLines)],
    broken: [
      {
        ...redisWith("appendfsync always", "appendfsync everysec"),
        says: 'Redis must have "appendfsync always", not everysec',
      },
      { ...redisWith("appendonly yes", ""), says: '"appendonly yes", not its default' },
      {
        ...redisWith("user default off ~* &* +@all", "user default off"),
        says: "must leave the user default its rights",
      },
    ],
  },
  "gpu-port-not-public": {
    kept: [
      container("comfyui-1", publish(8188, "100.64.0.7")),
      service("worker-1", {
        listens: [{ host: "127.0.0.1", port: 8640, purpose: "workerHealthPort" }],
      }),
    ],
    broken: [
      {
        ...container("comfyui-1", publish(8188)),
        says: "must be on loopback or the tailnet (127.x, 100.64.x to 100.127.x), not on 0.0.0.0",
      },
      {
        ...service("worker-1", {
          listens: [{ host: "0.0.0.0", port: 8640, purpose: "workerHealthPort" }],
        }),
        says: "Port 8640 of",
      },
    ],
  },
  "prompt-bypass-closed": {
    kept: [
      declared(workshop),
      {
        ...container("frontend-user001", publish(8181, "127.0.0.1")),
        name: "frontend-user001",
      },
    ],
    broken: [
      {
        ...declared(workshop, {
          edge: { ...workshop.edge, routes: [{ path: "/user001/", to: "frontend" }] },
        }),
        says: "Route /user001/ must lead to the queue-manager, not to the frontend",
      },
      {
        ...container("frontend-user001", publish(8181)),
        name: "frontend-user001",
        says: "Port 8181 of frontend-user001 must be on loopback, not on 0.0.0.0",
      },
    ],
  },
  "tls-on-public-edge": {
    kept: [declared(workshop)],
    broken: [
      {
        ...declared(workshop, { edge: { ...workshop.edge, tls: false } }),
        says: "must speak TLS, not plain HTTP",
      },
    ],
  },
  "timeouts-for-video": {
    kept: [declared(workshop), service("worker-1", times("900", "1800"))],
    broken: [
      {
        ...service("worker-1", times("300", "1800")),
        says: "EXECUTION_TIMEOUT_SECONDS must be at least 900, not 300",
      },
      {
        ...service("worker-1", times("900", "1200")),
        says: "JOB_TIMEOUT_SECONDS must be at least 1800, not 1200",
      },
      {
        ...declared(workshop, { edge: { ...workshop.edge, proxyTimeoutSeconds: 300 } }),
        says: "The proxy must wait at least 900 seconds, not 300",
      },
    ],
  },
  "queue-depth-limited": {
    kept: [queueManager],
    broken: [
      {
        ...service("queue-manager", { environment: { MAX_QUEUE_DEPTH: "50000" } }),
        says: "between 1 and 1000, not 50000",
      },
      { ...service("queue-manager", {}), says: "between 1 and 1000, not unset" },
    ],
  },
  "secrets-encrypted": {
    kept: [
      service("frontend", { secretEnvironment: { FRONTEND_TOKEN: "of-this-example" } }),
      {
        ...container("frontend-user001", { envs: ["FRONTEND_TOKEN=of-this-example"] }),
        additionalSecretOutputs: ["envs"],
      },
      deployment({
        env: [{ name: "WORKER_TOKEN", valueOrReferenceToSecret: "worker-token", type: "secret" }],
      }),
    ],
    broken: [
      {
        ...service("frontend", { environment: { FRONTEND_TOKEN: "of-this-example" } }),
        says: "FRONTEND_TOKEN of frontend must be encrypted, not in clear: move it to secretEnvironment",
      },
      {
        ...service("frontend", { environment: { STATE: "redis://user:of-this-example@host" } }),
        says: "STATE of frontend must be encrypted",
      },
      {
        ...container("frontend-user001", { envs: ["FRONTEND_TOKEN=of-this-example"] }),
        says: "additionalSecretOutputs",
      },
      {
        ...deployment({
          env: [{ name: "WORKER_TOKEN", valueOrReferenceToSecret: "x", type: "plain" }],
        }),
        says: "must be of type secret, not plain",
      },
      {
        ...declared(workshop, { plainSecrets: ["cloudflare:apiToken"] }),
        says: "pulumi config set --secret cloudflare:apiToken",
      },
    ],
  },
  "containers-non-root-and-limited": {
    kept: [container("queue-manager-1", { envs: ["MAX_QUEUE_DEPTH=100"] })],
    broken: [
      { ...container("exporter", { user: "0:0" }), says: "other than root, not as 0:0" },
      { ...container("exporter", { user: undefined }), says: "not as the image's default" },
      { ...container("exporter", { privileged: true }), says: "not as a privileged one" },
      { ...container("exporter", { memory: undefined }), says: "a bound on memory, not none" },
      { ...container("exporter", { cpus: undefined }), says: "a bound on CPU, not none" },
    ],
  },
  "healthcheck-required": {
    kept: [container("exporter"), deployment()],
    broken: [
      { ...container("exporter", { healthcheck: undefined }), says: "set healthcheck.tests" },
      {
        ...deployment({ healthcheck: { enabled: false } }),
        says: "set healthcheck.enabled with port and path",
      },
    ],
  },
  "image-pinned": {
    kept: [container("exporter"), deployment()],
    broken: [
      {
        ...container("exporter", { image: "comfyui-frontend:latest" }),
        says: "must have a tag other than latest, not latest",
      },
      { ...container("exporter", { image: "comfyui-frontend" }), says: "not none" },
      {
        ...deployment({ image: "registry.example/comfyui-worker:0.11.1" }),
        says: "must be named by its digest (name:tag@sha256:…), not by tag 0.11.1 alone",
      },
    ],
  },
  "spot-only-in-staging": {
    kept: [deployment()],
    broken: [
      { ...deployment({}, { isSpot: true }), says: "must be rented on demand, not on spot" },
    ],
  },
};
