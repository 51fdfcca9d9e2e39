import { expect, test } from "vitest";
import { serviceNameSchema, serviceSpecSchema } from "./service-spec.ts";

const smallest = {
  version: "1",
  command: ["web"],
  workingDirectory: "/srv",
  health: { kind: "command", argv: ["true"] },
};

test("the smallest specification is filled with documented defaults", () => {
  expect(serviceSpecSchema.parse(smallest)).toEqual({
    ...smallest,
    environment: {},
    secretEnvironment: {},
    directories: [],
    listens: [],
    health: { kind: "command", argv: ["true"], timeoutSeconds: 60 },
    stop: { signal: "SIGTERM", graceSeconds: 10 },
    restart: { minSeconds: 1, maxSeconds: 30 },
  });
});

test.each([
  ["a relative directory", { workingDirectory: "srv" }, "workingDirectory"],
  ["an empty command", { command: [] }, "command"],
  ["a NUL byte", { command: ["a\0b"] }, "command.0"],
  ["a port that does not exist", { listens: [{ port: 70_000, purpose: "x" }] }, "listens.0.port"],
  ["a variable with a blank", { environment: { "A B": "1" } }, "environment.A B"],
  ["a tcp check without an address", { health: { kind: "tcp" } }, "health"],
  ["a signal that can't be caught", { stop: { signal: "SIGKILL" } }, "stop.signal"],
])("%s is refused with its path", (_what, change, path) => {
  const { error } = serviceSpecSchema.safeParse({ ...smallest, ...change });
  expect(error?.issues.map((issue) => issue.path.join("."))).toContain(path);
});

test.each(["Web", "1web", "web/../x", "", "a".repeat(64)])("the name %j is refused", (name) => {
  expect(serviceNameSchema.safeParse(name).success).toBe(false);
});
