import { readEnvironment } from "@comfymulti/configuration";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { environmentSchema, modeSchema, serverlessEnvironmentSchema } from "./environment.ts";

const complete = {
  WORKER_NAME: "worker-1",
  WORKER_TOKEN: "secret-token",
  INFERENCE_MODE: "local",
  REDIS_PASSWORD: "secret-password",
  QUEUE_MANAGER_URL: "http://127.0.0.1:8000",
  HEALTH_PORT: "9100",
  SPOOL_DIRECTORY: "/var/lib/worker/spool",
};

describe("the worker's environment", () => {
  it("fills in the documented time limits", () => {
    expect(environmentSchema.parse(complete)).toMatchObject({
      COMFYUI_URL: "http://127.0.0.1:8188",
      EXECUTION_TIMEOUT_SECONDS: 900,
      JOB_TIMEOUT_SECONDS: 1800,
      HTTP_TIMEOUT_SECONDS: 30,
      STARTUP_TIMEOUT_SECONDS: 120,
      LEASE_SECONDS: 30,
      DRAIN_SECONDS: 30,
    });
  });

  it.each([
    ["INFERENCE_MODE", "pull", /INFERENCE_MODE/],
    ["WORKER_NAME", "Worker 1", /WORKER_NAME/],
    ["QUEUE_MANAGER_URL", "ftp://host", /QUEUE_MANAGER_URL/],
    ["HEALTH_PORT", "0", /HEALTH_PORT/],
  ])("refuses %s=%s in one line", (name, value, fault) => {
    const read = () => readEnvironment(environmentSchema, { ...complete, [name]: value });
    expect(read).toThrow(fault);
    expect(read).not.toThrow(/\n/);
  });

  it("asks for no queue, name or token when the worker is called with its jobs", () => {
    const { QUEUE_MANAGER_URL, HEALTH_PORT, SPOOL_DIRECTORY } = complete;
    const own = { QUEUE_MANAGER_URL, HEALTH_PORT, SPOOL_DIRECTORY };
    expect(serverlessEnvironmentSchema.parse(own)).toMatchObject({ HTTP_TIMEOUT_SECONDS: 30 });
    expect(modeSchema.parse({ INFERENCE_MODE: "serverless" }).INFERENCE_MODE).toBe("serverless");
  });

  it("ends the process with code 78, one line a fault and no secret", async () => {
    const main = fileURLToPath(new URL("./main.ts", import.meta.url));
    const incomplete = { ...complete, HEALTH_PORT: "", LOG_LEVEL: "loud" };
    const run = promisify(execFile)(process.execPath, [main], { env: incomplete });
    const error: unknown = await run.catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/^HEALTH_PORT: .*\nLOG_LEVEL: .*\n$/),
    });
    expect(JSON.stringify(error)).not.toContain("secret");
  });
});
