import { describe, expect, test } from "vitest";
import { ConfigurationError, readEnvironment } from "@comfymulti/configuration";
import { environmentSchema } from "../src/index.ts";

const token = "a-token-of-good-length";
const good = {
  PORT: "8100",
  REDIS_PASSWORD: "secret",
  DATA_DIRECTORY: "/var/lib/comfymulti",
  USERS: JSON.stringify([{ id: "user001", token, frontendUrl: "http://127.0.0.1:8201" }]),
  ADMIN_TOKEN: token,
  WORKER_TOKENS: JSON.stringify({ "worker-1": token }),
  FRONTEND_TOKEN: token,
};

describe("the environment", () => {
  test("has defaults for everything that is not a secret or a place", () => {
    expect(readEnvironment(environmentSchema, good)).toMatchObject({
      HOST: "127.0.0.1",
      REDIS_PORT: 6379,
      QUEUE_POLICY: "fair",
      MAX_QUEUE_DEPTH: 100,
      MAX_QUEUE_BYTES: 268_435_456,
      MAX_ATTEMPTS: 3,
      HISTORY_PER_USER: 200,
      HISTORY_BYTES_PER_USER: 33_554_432,
      HISTORY_DAYS: 7,
      AFFINITY_WINDOW_SECONDS: 60,
      AFFINITY_PASSES: 3,
      USER_UPLOAD_BYTES: 5_368_709_120,
      USERS: [{ id: "user001", weight: 1 }],
    });
  });

  test.each([
    ["PORT", "many"],
    ["USERS", "not json"],
    ["USERS", JSON.stringify([{ id: "admin", token, frontendUrl: "http://a" }])],
    ["ADMIN_TOKEN", "short"],
    ["DATA_DIRECTORY", "relative"],
    ["QUEUE_POLICY", "luck"],
    ["AFFINITY_PASSES", "-1"],
    ["HISTORY_DAYS", "0"],
    ["USER_UPLOAD_BYTES", "many"],
  ])("a wrong %s is named in one line that does not quote it", (name, value) => {
    const read = () => readEnvironment(environmentSchema, { ...good, [name]: value });
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(new RegExp(`^${name}`));
    expect(read).not.toThrow(value === "many" ? /many/ : /a-token-of/);
  });

  test("all faults are told at once", () => {
    expect(() =>
      readEnvironment(environmentSchema, { ...good, PORT: "0", REDIS_PASSWORD: "" }),
    ).toThrow(/PORT.*\nREDIS_PASSWORD/);
  });
});
